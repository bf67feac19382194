"use strict";
// The page of a comparison: which system to take.

const rows = DATA.systems.map((s) => ({ ...s, value: s.score, side: `${points(s.score)}` }));
const names = rows.map((row) => row.name);

const columns = [
  { title: "system", value: (r) => r.name },
  { title: `${DATA.metric}, %`, value: (r) => r.score, show: (r) => points(r.score, 2) },
  { title: "95 % interval", value: (r) => r.low, show: between },
  { title: "± over seeds", value: (r) => r.spread ?? -1, show: (r) => (r.spread === null ? NOTHING : points(r.spread, 2)) },
  { title: "weights", value: (r) => r.weights, show: (r) => count(r.weights) },
  { title: "on disk", value: (r) => r.bytes ?? -1, show: (r) => bytes(r.bytes) },
  { title: "training", value: (r) => r.training_seconds, show: (r) => seconds(r.training_seconds) },
  { title: "words/s", value: (r) => r.words_per_second, show: (r) => count(Math.round(r.words_per_second)) },
  { title: "one text", value: (r) => r.latency ?? -1, show: (r) => seconds(r.latency) },
];

function pairs() {
  const cell = (one, other) => {
    const d = DATA.differences[one]?.[other];
    if (!d) return h("td");
    const clear = d.low > 0 || d.high < 0;
    const sign = d.value > 0 ? "+" : d.value < 0 ? "−" : "";
    const text = `${sign}${points(Math.abs(d.value))}`;
    return h("td", { title: `${one} against ${other}: ${points(d.low, 2)} to ${points(d.high, 2)}, p = ${d.p.toPrecision(2)}` },
      clear ? h("strong", { class: d.value > 0 ? "gold" : "predicted" }, text) : h("span", { class: "soft" }, text),
      h("br"), h("small", { class: "soft" }, `p ${d.p < 0.001 ? "< 0.001" : d.p.toFixed(3)}`));
  };
  const head = h("tr", null, h("th", null, "points better than"), names.map((name) => h("th", { scope: "col" }, name)));
  const body = names.map((one) => h("tr", null, h("th", { scope: "row" }, one), names.map((other) => cell(one, other))));
  return h("div", { class: "box", tabindex: 0 }, h("table", null, h("thead", null, head), h("tbody", null, body)));
}

// Names of neighbours in speed stand on either side, so that fewer of them lie upon each other.
function tradeOff() {
  const pipelines = d3.sort(DATA.systems.filter((system) => system.bytes !== null), (system) => system.words_per_second);
  if (!pipelines.length) return null;
  const name = (side, anchor, dx) => Plot.text(pipelines.filter((_, i) => i % 2 === side), { x: "words_per_second", y: "score", text: "name", textAnchor: anchor, dx, dy: -7, fontSize: 11 });
  return chart((width) => Plot.plot({
    width, height: 320, marginLeft: 48, marginRight: 80, marginBottom: 40, style: STYLE,
    x: { label: "words/s", grid: true, zero: true, nice: true, ticks: Math.max(2, width / 150), tickFormat: "~s" },
    y: { label: `${DATA.metric}, %`, grid: true, inset: 4, tickFormat: tick },
    marks: [
      Plot.ruleX(pipelines, { x: "words_per_second", y1: "low", y2: "high", stroke: "var(--right)", strokeOpacity: 0.5, strokeWidth: 2 }),
      Plot.ruleY(pipelines, { y: "score", x1: "slowest", x2: "fastest", stroke: "var(--right)", strokeOpacity: 0.5, strokeWidth: 2 }),
      Plot.dot(pipelines, { x: "words_per_second", y: "score", fill: "var(--right)", r: 4.5, title: (system) => `${system.name}: ${points(system.score, 2)}, ${count(Math.round(system.words_per_second))} words/s`, tip: true }),
      name(0, "end", -7), name(1, "start", 7),
    ],
  }));
}

const { docs, tokens, labels } = DATA.train;
const failed = Object.entries(DATA.failed).map(([label, reason]) => `${label} failed: ${reason}`);
document.getElementById("page").replaceChildren(
  h("div", { class: "head" }, h("h1", null, DATA.title), themeButton()),
  h("p", { class: "soft" }, `${count(rows.length)} systems, score: ${DATA.metric}. Trained on ${count(docs)} documents of ${count(Math.round(tokens / docs))} tokens on average with ${count(labels)} labels, ours by the recipe ${DATA.recipe}; tested on ${count(DATA.n_docs)}.`),
  h("p", { class: "advice" }, DATA.advice),
  ...notes([...DATA.notes, ...failed]),
  h("h3", null, "Scores"),
  figure("Mean over seeds, with the 95 % interval over test documents and seeds. Intervals of two systems that overlap may still differ: see the pairs.", intervals(rows, { label: `${DATA.metric}, %`, side: true, margin: 130 })),
  h("h3", null, "All measures"),
  figure("Words/s in batches, systems taking turns; weights and size of the first seed; a click on a title sorts.", table(columns, rows, { by: 1, descending: true })),
  h("h3", null, "Score against speed"),
  figure("Pipelines, with the 95 % interval of the score and the slowest and fastest round: up and to the right is better.", tradeOff() ?? NOTHING),
  h("h3", null, "Pairs"),
  figure("How many points the row is better than the column, by a paired bootstrap over test documents and seeds; coloured where the 95 % interval excludes 0. Of 20 pairs without any difference, one is expected to be coloured.", pairs()),
  h("h3", null, "Configs"),
  ...DATA.systems.filter((system) => system.config).map(({ name, config }) => h("details", null, h("summary", null, name), h("pre", null, config))),
);
