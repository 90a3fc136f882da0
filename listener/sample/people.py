"""Who writes: some hundred people, a few outlets, and the accounts of the brands."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from listener.sample.grammar import grammar
from listener.sample.habits import NEWSROOM, Habits

#: Handles of the brands, by the subject that is theirs.
BRAND_ACCOUNTS: Final = {
    "hezarsabad": ("hezarsabad_ir", "هزارسبد"),
    "berimo": ("berimo_app", "بریمو"),
    "abnoos": ("abnoosbank", "بانک آبنوس"),
    "tordooneh": ("tordooneh", "تردونه"),
    "parastootel": ("parastootel", "پرستوتل"),
    "toofan": ("toofan_alborz_fc", "باشگاه توفان البرز"),
}
_PEOPLE_PER_PLATFORM: Final = 160
#: Followers are log-normal: (mean, deviation) of the logarithm, about 270, 27,000 and 80,000 in the middle.
_PERSON_FOLLOWERS: Final = (5.6, 1.2)
_OUTLET_FOLLOWERS: Final = (10.2, 0.7)
_BRAND_FOLLOWERS: Final = (11.3, 0.4)


@dataclass(frozen=True)
class Person:
    """An account on one platform."""

    id: str
    handle: str
    name: str
    followers: int
    habits: Habits = NEWSROOM


@dataclass
class Cast:
    """All accounts, made when they are first needed, in the order of need."""

    rng: Random
    _people: dict[str, list[Person]] = field(default_factory=dict)
    _outlets: dict[str, list[Person]] = field(default_factory=dict)
    _brands: dict[tuple[str, str], Person] = field(default_factory=dict)

    def person(self, platform: str) -> Person:
        """Somebody; some write much more than others."""
        if platform not in self._people:
            self._people[platform] = [self._new_person() for _ in range(_PEOPLE_PER_PLATFORM)]
        people = self._people[platform]
        return people[int(len(people) * self.rng.random() ** 1.6)]

    def outlet(self, platform: str) -> Person:
        """A newsroom's channel."""
        if platform not in self._outlets:
            lines = (line.split(" = ") for line in grammar("people").alternatives("outlet"))
            self._outlets[platform] = [self._account(handle, name, _OUTLET_FOLLOWERS) for name, handle in lines]
        return self.rng.choice(self._outlets[platform])

    def brand(self, subject: str, platform: str) -> Person:
        """The brand's own account there."""
        key = subject, platform
        if key not in self._brands:
            self._brands[key] = self._account(*BRAND_ACCOUNTS[subject], _BRAND_FOLLOWERS)
        return self._brands[key]

    def _new_person(self) -> Person:
        words, rng = grammar("people"), self.rng
        handle, name = words.write("handle", rng), words.write("name", rng)
        return self._account(handle, name, _PERSON_FOLLOWERS, Habits.draw(rng))

    def _account(self, handle: str, name: str, followers: tuple[float, float], habits: Habits = NEWSROOM) -> Person:
        number = self.rng.randrange(10**8, 10**10)
        return Person(str(number), handle, name, round(self.rng.lognormvariate(*followers)), habits)
