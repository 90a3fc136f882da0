// What makes a page live: news by server-sent events, or by asking when those do not come; then the parts of the page
// that show figures are fetched anew. All rendering is the server's: nothing here makes HTML from data.

const REST_MS = 5000; // parts are fetched at most this often
const ASK_MS = 10000; // without events
const TRIES = 3; // failures of the event stream before asking instead
const page = document.body.dataset;
const status = document.querySelector("[data-status]");
const clock = new Intl.DateTimeFormat(document.documentElement.lang === "fa" ? "fa-IR" : "en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: page.timezone || "Asia/Tehran",
});

let seen = null;
let stale = false;
let last = 0;
let timer = null;

function say(state) {
  if (!status || status.dataset.state === state) return;
  status.dataset.state = state;
  status.textContent = { live: status.dataset.liveText, polling: status.dataset.pollingText, lost: status.dataset.lostText }[state];
}

// A part in which somebody is typing, choosing or reading an explanation is left alone until they are done.
function busy(part) {
  return part.contains(document.activeElement) || part.querySelector("details[open]") !== null;
}

async function renew(part) {
  const url = new URL(part.dataset.live, location.href);
  if (part.id === "latest" || part.id === "kpis") for (const [name, value] of new URLSearchParams(location.search)) url.searchParams.append(name, value);
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  if (!answer.ok || busy(part)) return answer.ok;
  part.innerHTML = await answer.text();
  part.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
  return true;
}

async function renewAll() {
  timer = null;
  last = Date.now();
  const parts = [...document.querySelectorAll("[data-live]")].filter((part) => !busy(part));
  stale = parts.length < document.querySelectorAll("[data-live]").length;
  try {
    await Promise.all(parts.map(renew));
    document.dispatchEvent(new CustomEvent("news"));
    if (status) status.title = status.dataset.updatedText.replace("{moment}", clock.format(new Date()));
  } catch {
    stale = true; // the next news, or the next look, tries again
  }
}

function soon() {
  if (timer === null && !document.hidden) timer = setTimeout(renewAll, Math.max(0, last + REST_MS - Date.now()));
}

function take(text) {
  const news = JSON.parse(text);
  const mine = page.campaign ? news.campaigns.filter((one) => one.id === page.campaign) : news.campaigns;
  const now = JSON.stringify([mine, news.complete]);
  if (seen !== null && now !== seen) soon();
  seen = now;
}

async function ask() {
  try {
    const answer = await fetch("/api/live");
    if (!answer.ok) throw new Error(String(answer.status));
    take(await answer.text());
    say("polling");
  } catch {
    say("lost");
  }
  setTimeout(ask, ASK_MS);
}

function listen(failures = 0) {
  const source = new EventSource("/events");
  source.onopen = () => {
    failures = 0;
    say("live");
  };
  source.onmessage = (event) => take(event.data);
  source.onerror = () => {
    failures += 1;
    say("lost");
    if (failures >= TRIES || source.readyState === EventSource.CLOSED) {
      source.close();
      ask();
    }
  };
}

async function mark(button) {
  const entity = button.closest("[data-entity]").dataset.entity;
  const both = button.parentElement.querySelectorAll("button");
  const path = `/api/campaigns/${page.campaign}/mentions/${encodeURIComponent(entity)}/relevance`;
  const body = JSON.stringify({ relevant: button.dataset.relevant === "true" });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body }).catch(() => ({ ok: false }));
  if (answer.ok) for (const one of both) one.setAttribute("aria-pressed", String(one === button));
  // For the ears: the colours say it to the eyes.
  if (status) status.textContent = answer.ok ? status.dataset.markedText : status.dataset.failedText;
}

function showMarks() {
  for (const marks of document.querySelectorAll("[data-marks]")) marks.hidden = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-marks] button");
  if (button) mark(button);
});
document.addEventListener("renewed", showMarks);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && seen !== null) soon();
});
document.addEventListener("focusout", () => stale && soon());
showMarks();
listen();
