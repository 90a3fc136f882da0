// The trend: mentions, press and negative mentions per minute, hour or day, drawn by uPlot, and the same as a table.

const SPAN = { minute: 6 * 3600, hour: 7 * 86400, day: 90 * 86400 }; // seconds shown
const STEP = { minute: 60, hour: 3600, day: 86400 };
const ROWS = 48; // of the table
const holder = document.querySelector("[data-chart]");
const { campaign, timezone } = document.body.dataset;
const persian = document.documentElement.lang === "fa";
const locale = persian ? "fa-IR-u-ca-persian" : "en-GB";
const number = new Intl.NumberFormat(persian ? "fa-IR" : "en-US");
const dark = matchMedia("(prefers-color-scheme: dark)");
let chart = null;

// Minutes are moments; hours and days are what the campaign's clock shows, without an offset: read as if UTC.
function written(step, seconds, short) {
  const midnight = step === "hour" && short && seconds % 86400 === 0;
  const parts =
    step === "day" || midnight
      ? { day: "numeric", month: short ? "short" : "long" }
      : short
        ? { hour: "2-digit", minute: "2-digit" }
        : { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  const format = new Intl.DateTimeFormat(locale, { ...parts, timeZone: step === "minute" ? timezone : "UTC" });
  // A canvas is left to right: the mark keeps the day before its month.
  return (persian ? "\u200f" : "") + format.format(seconds * 1000);
}

function filled(step, rows) {
  const by = new Map(rows.map((row) => [Date.parse(row.start.endsWith("Z") ? row.start : `${row.start}Z`) / 1000, row]));
  const times = [...by.keys()].sort((a, b) => a - b);
  if (times.length === 0) return null;
  const last = times.at(-1);
  const first = Math.max(times[0] - STEP[step], last - SPAN[step]);
  const data = [[], [], [], []];
  for (let time = first; time <= last; time += STEP[step]) {
    const row = by.get(time);
    data[0].push(time);
    data[1].push(row ? row.mentions : 0);
    data[2].push(row ? row.press_mentions : 0);
    data[3].push(row ? row.mentions_negative + row.press_negative : 0);
  }
  return data;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function line(label, stroke, fill) {
  return { label, stroke, fill, width: 2, points: { show: false }, value: (_, value) => (value === null ? "–" : number.format(value)) };
}

// Incidents as the panel beside tells them: [first, end] in the seconds of the chart.
function incidents(step) {
  const [first, end] = step === "minute" ? ["first", "end"] : ["firstLocal", "endLocal"];
  return [...document.querySelectorAll("[data-incident]")].map(({ dataset }) => [Number(dataset[first]), Number(dataset[end])]);
}

// Behind the lines; a step that holds some of an incident is shaded whole.
function shade(plot, step) {
  const { ctx, bbox, scales } = plot;
  let count = 0;
  ctx.save();
  ctx.fillStyle = `${colour("--up")}44`;
  for (const [first, end] of incidents(step)) {
    const from = Math.floor(first / STEP[step]) * STEP[step];
    const to = Math.max(from + STEP[step], end);
    if (to < scales.x.min || from > scales.x.max) continue;
    const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
    ctx.fillRect(left, bbox.top, Math.max(3, right - left), bbox.height);
    count += 1;
  }
  ctx.restore();
  holder.dataset.shaded = String(count);
  document.querySelector("[data-shaded-hint]").hidden = count === 0;
}

function draw(step, data) {
  const grid = { stroke: colour("--line"), width: 1 };
  const axis = { stroke: colour("--soft"), grid, ticks: grid, font: "12px system-ui, sans-serif" };
  const text = holder.dataset;
  const options = {
    width: holder.clientWidth,
    height: 240,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), step === "minute" ? timezone : "Etc/UTC"),
    scales: { y: { range: (_, low, high) => [0, Math.max(4, high * 1.1)] } },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((tick) => written(step, tick, true)), space: 70 },
      { ...axis, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? number.format(tick) : "")), size: 56 },
    ],
    hooks: { drawClear: [(plot) => shade(plot, step)] },
    series: [
      { label: text.time, value: (_, time) => (time === null ? "–" : written(step, time)) },
      line(text.seriesMentions, colour("--accent"), `${colour("--accent")}22`),
      line(text.seriesPress, colour("--up")),
      line(text.seriesNegative, colour("--negative")),
    ],
  };
  chart?.destroy();
  holder.replaceChildren();
  chart = new uPlot(options, data, holder);
  const canvas = holder.querySelector("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", text.label);
}

function tabulate(step, data) {
  const body = document.querySelector("[data-table]");
  const rows = [];
  for (let at = data[0].length - 1; at >= 0 && rows.length < ROWS; at -= 1) {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = written(step, data[0][at]);
    row.append(head);
    for (const series of data.slice(1)) row.insertCell().textContent = number.format(series[at]);
    rows.push(row);
  }
  body.replaceChildren(...rows);
  document.querySelector("[data-table-holder]").hidden = false;
}

async function show() {
  const step = document.querySelector("[name=window]:checked").value;
  const answer = await fetch(`/api/campaigns/${campaign}/series?window=${step}`);
  if (!answer.ok) return;
  const { series } = await answer.json();
  const data = filled(step, series);
  if (data === null) {
    chart?.destroy();
    chart = null;
    const empty = document.createElement("p");
    empty.textContent = holder.dataset.empty;
    holder.replaceChildren(empty);
    return;
  }
  draw(step, data);
  tabulate(step, data);
  holder.dataset.drawn = step;
}

if (holder) {
  const choice = document.querySelector("[data-window-choice]");
  choice.hidden = false;
  choice.addEventListener("change", show);
  document.addEventListener("news", show);
  dark.addEventListener("change", show);
  let width = 0;
  new ResizeObserver(() => {
    if (chart && holder.clientWidth !== width) chart.setSize({ width: (width = holder.clientWidth), height: 240 });
  }).observe(holder);
  if (document.readyState === "complete") show();
  else addEventListener("load", show);
}
