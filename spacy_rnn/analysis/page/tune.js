"use strict";
// The page of a search: which settings are best, and which matter.

const short = (name) => name.split(".").at(-1);
const names = Object.keys(DATA.scales);
const told = (value) => (typeof value === "number" && !Number.isInteger(value) ? d3.format(".3~g")(value) : Array.isArray(value) ? value.join("+") : String(value));
const scored = DATA.trials.filter((trial) => trial.score !== null);
const best = DATA.best;

function history() {
  let top = -Infinity;
  const steps = scored.filter((t) => t.state === "complete").map((t) => ({ number: t.number, score: (top = Math.max(top, t.score)) }));
  return chart((width) => Plot.plot({
    width, height: 280, marginLeft: 48, marginBottom: 38, style: STYLE,
    x: { label: "trial", ticks: Math.max(1, Math.min(width / 90, DATA.trials.length - 1)), tickFormat: "d" }, y: { label: "score on dev, %", tickFormat: tick, grid: true },
    marks: [
      Plot.lineY(steps, { x: "number", y: "score", curve: "step-after", stroke: "currentColor", strokeOpacity: 0.4 }),
      Plot.dot(scored, { x: "number", y: "score", r: 4, fill: (t) => (t.state === "complete" ? "var(--right)" : "var(--wrong)"), tip: true,
        title: (t) => [`trial ${t.number}, ${t.state}: ${points(t.score, 2)}`, ...names.map((n) => `${short(n)}: ${told(t.settings[n])}`)].join("\n") }),
    ],
  }));
}

function importances() {
  const rows = Object.entries(DATA.importances).map(([name, value]) => ({ name: short(name), value }));
  if (!rows.length) return h("p", { class: "soft" }, "There are too few trials to tell: fewer than ten are complete, or all have one score. More --trials continue the search.");
  return chart((width) => Plot.plot({
    width, height: 30 + 26 * rows.length, marginLeft: Math.min(130, width * 0.4), marginRight: 40, marginTop: 4, style: STYLE,
    x: { axis: null }, y: { label: null, domain: d3.sort(rows, (r) => -r.value).map((r) => r.name), tickSize: 0 },
    marks: [
      Plot.barX(rows, { x: "value", y: "name", fill: "var(--right)", fillOpacity: 0.45, insetTop: 4, insetBottom: 4 }),
      Plot.text(rows, { x: "value", y: "name", text: (r) => points(r.value, 0), textAnchor: "start", dx: 5 }),
    ],
  }));
}

// Where on its axis a value is, from 0 to 1.
function place(name, value) {
  const scale = DATA.scales[name];
  if (scale.values) {
    const i = scale.values.findIndex((v) => JSON.stringify(v) === JSON.stringify(value));
    return scale.values.length > 1 ? i / (scale.values.length - 1) : 0.5;
  }
  const f = scale.log ? Math.log : (x) => x;
  return (f(value) - f(scale.low)) / (f(scale.high) - f(scale.low));
}

function coordinates() {
  const complete = d3.sort(scored.filter((t) => t.state === "complete"), (t) => t.score);
  const [low, high] = d3.extent(complete, (t) => t.score);
  const axes = [...names, "score"];
  const at = (t, axis) => (axis === "score" ? (high > low ? (t.score - low) / (high - low) : 0.5) : place(axis, t.settings[axis]));
  const lines = complete.flatMap((t) => axes.map((axis) => ({ axis: short(axis), y: at(t, axis), trial: t.number, score: t.score })));
  const ends = names.flatMap((name) => {
    const { values, low: from, high: to } = DATA.scales[name];
    return (values ?? [from, to]).map((v) => ({ axis: short(name), y: place(name, v), text: told(v) }));
  }).concat([low, high].map((v, i) => ({ axis: "score", y: i, text: points(v, 2) })));
  return chart((width) => h("div", { style: "overflow-x: auto" }, Plot.plot({
    width: Math.max(width, 110 * axes.length), height: 320, marginLeft: 60, marginRight: 60, marginTop: 34, marginBottom: 14, style: { ...STYLE, maxWidth: "none" },
    x: { type: "point", domain: axes.map(short), label: null, axis: "top", tickSize: 0, tickPadding: 14 }, y: { axis: null, domain: [0, 1] },
    marks: [
      Plot.ruleX(axes.map(short), { strokeOpacity: 0.3 }),
      Plot.line(lines, { x: "axis", y: "y", z: "trial", curve: "monotone-x", strokeWidth: (d) => (d.trial === best.number ? 3 : 1.25),
        stroke: (d) => (d.trial === best.number ? "var(--wrong)" : "var(--right)"), strokeOpacity: (d) => (d.trial === best.number ? 1 : 0.15 + 0.5 * (high > low ? (d.score - low) / (high - low) : 1)) }),
      Plot.text(ends, { x: "axis", y: "y", text: "text", textAnchor: "end", dx: -6, fontSize: 11, stroke: "var(--paper)", fill: "var(--soft)", strokeWidth: 4 }),
    ],
  })));
}

const columns = [
  { title: "trial", value: (t) => t.number, ascending: true },
  { title: "score on dev, %", value: (t) => t.score ?? -1, show: (t) => points(t.score, 2) },
  { title: "state", value: (t) => t.state },
  ...names.map((name) => ({ title: short(name), value: (t) => t.settings[name] ?? "", show: (t) => told(t.settings[name] ?? NOTHING) })),
  { title: "time", value: (t) => t.seconds, show: (t) => seconds(t.seconds) },
  ...(DATA.trials.some((t) => t.reason) ? [{ title: "reason", value: (t) => t.reason }] : []),
];
const own = !DATA.own ? "" : DATA.own.number === best.number ? "It has the config's own settings." : `With the config's own settings: ${points(DATA.own.score, 2)} %.`;
const states = d3.rollup(DATA.trials, (group) => group.length, (t) => t.state);
document.getElementById("page").replaceChildren(
  h("div", { class: "head" }, h("h1", null, DATA.title), themeButton()),
  h("p", { class: "soft" }, `${count(DATA.trials.length)} trials (${[...states].map(([s, n]) => `${n} ${s}`).join(", ")}), chosen by ${DATA.sampler}`),
  h("p", { class: "advice" }, `Best: ${points(best.score, 2)} % on dev, by trial ${best.number}. ${own}`),
  facts(names.map((name) => [name, told(best.settings[name])])),
  h("h3", null, "History"),
  figure("The score of each trial on dev; orange ones were stopped early or failed. The line is the best so far. The best of many is better on dev than it will be elsewhere.", history()),
  h("h3", null, "What matters"),
  figure("How much of what tells good trials from others each setting is, in percent (PED-ANOVA).", h("div", { class: "narrow" }, importances())),
  h("h3", null, "All trials side by side"),
  figure("A line is a trial; the stronger, the better; the best is orange.", coordinates()),
  h("h3", null, "Trials"),
  table(columns, DATA.trials, { by: 1, descending: true }),
  h("h3", null, "Best config"),
  h("details", null, h("summary", null, "Ready for spacy train"), h("pre", null, DATA.config)),
);
