"""The sample stream: one believable day of synthetic posts about invented brands, and campaigns that watch them.

Nothing in it is real: brands, people, outlets and posts are made up from the vocabulary in ``texts``. Every record says
``"source": "sample"``, and addresses end in ``.example``.
"""

from importlib import resources
from pathlib import Path


def campaigns_directory() -> Path:
    """The directory of the campaign files that watch the sample's brands; they are examples to learn from, too."""
    return Path(str(resources.files(__name__) / "campaigns"))
