"use strict";
// The page of a report: what one pipeline does with one set of texts.

const NONE = "none";
const SHOWN = 25;

function header() {
  const parts = [...DATA.components.map((c) => c.name), "Training", "Training data", "Size and speed", "Config"];
  return [
    h("div", { class: "head" }, h("h1", null, DATA.title), themeButton()),
    h("p", { class: "soft" }, `${count(DATA.n_docs)} texts, ${count(DATA.n_words)} words`, DATA.data ? ` from ${DATA.data}` : ""),
    notes(DATA.notes),
    h("ul", { class: "contents" }, parts.map((name) => h("li", null, h("a", { href: `#${slug(name)}` }, name)))),
  ];
}

const slug = (name) => name.toLowerCase().replace(/\W+/g, "-");
const title = (name) => h("h2", { id: slug(name) }, name);

function headline(component) {
  const card = (score) =>
    h("div", null, h("dt", null, score.title), h("dd", null, percent(score.value), h("small", null, between(score))));
  return h("dl", { class: "scores" }, component.scores.map(card));
}

function labelTable(component, choose) {
  const lowest = Math.floor(10 * d3.min([0.9, ...component.labels.map((r) => Math.min(r.low ?? 1, r.f))])) / 10;
  const columns = [
    { title: "label", value: (r) => r.label, show: (r) => h("button", { type: "button", onclick: () => choose({ either: r.label }) }, r.label) },
    { title: "F", value: (r) => r.f, show: (r) => points(r.f), ascending: true },
    { title: `interval, ${tick(lowest)} to 100`, value: (r) => r.low ?? -1, show: (r) => range(r, r.f, lowest), ascending: true },
    { title: "precision", value: (r) => r.precision, show: (r) => points(r.precision), ascending: true },
    { title: "recall", value: (r) => r.recall, show: (r) => points(r.recall), ascending: true },
    { title: "support", value: (r) => r.support, show: (r) => count(r.support) },
    { title: "predicted", value: (r) => r.predicted, show: (r) => count(r.predicted) },
  ];
  return [
    h("h3", null, "By label"),
    figure(`The lowest F-score first; a click on a column's title sorts by it, one on a label shows its errors. Support counts ${component.unit}.`, table(columns, component.labels, { by: 1 })),
  ];
}

function confusions(component, choose) {
  const { labels, has_none, cells } = component.confusion;
  const names = has_none ? [...labels, NONE] : labels;
  const wrong = cells.filter(([i, j]) => i !== j);
  if (!wrong.length) return [h("h3", null, "Confusions"), h("p", null, "No label is taken for another.")];
  const pick = ([i, j]) => choose({ gold: names[i], predicted: names[j] });
  const most = d3.sort(wrong, (cell) => -cell[2]).slice(0, 12);
  const bar = (cell) =>
    h("li", null,
      h("button", { type: "button", style: `--share:${(100 * cell[2]) / most[0][2]}%`, onclick: () => pick(cell) },
        h("span", null, names[cell[0]], " → ", h("span", { class: "predicted" }, names[cell[1]])), h("span", null, count(cell[2]))));
  return [
    h("h3", null, "Most frequent confusions"),
    figure("What the annotation has → what is predicted. A click shows the errors.", h("ol", { class: "bars" }, most.map(bar))),
    h("h3", null, "Confusion matrix"),
    matrix(names, has_none, cells, pick),
  ];
}

function matrix(names, has_none, cells, pick) {
  const n = names.length;
  const cell = n <= 10 ? 48 : n <= 25 ? 28 : n <= 60 ? 18 : 14;
  const longest = d3.max(names, (name) => name.length);
  const letters = Math.min(13, cell - 3);
  const width = Math.min(190, Math.max(92, longest * letters * 0.66 + 24));
  const rows = d3.rollup(cells, (group) => d3.sum(group, (c) => c[2]), (c) => c[0]);
  const top = Math.sqrt(d3.max(cells.filter(([i, j]) => i !== j), (c) => c[2]));
  const name = (text, i) => h("div", { class: has_none && i === n - 1 ? "none" : null, title: text }, text);
  const left = names.map(name);
  const above = names.map(name);
  const readout = h("p", { class: "readout soft", role: "status" }, "Point at a cell to read it, click it to see its errors.");

  const svg = d3.create("svg").attr("width", n * cell).attr("height", n * cell).attr("role", "img").attr("aria-label", "Confusion matrix");
  const lines = d3.range(0, n + 1, n > 60 ? 5 : 1).map((i) => `M0 ${i * cell}H${n * cell}M${i * cell} 0V${n * cell}`);
  svg.append("path").attr("class", "grid").attr("d", lines.join(""));
  const rects = svg.selectAll("rect").data(cells).join("rect")
    .attr("class", ([i, j]) => (i === j ? "right" : "wrong"))
    .attr("x", ([, j]) => j * cell + 0.5).attr("y", ([i]) => i * cell + 0.5)
    .attr("width", cell - 1).attr("height", cell - 1)
    .attr("fill-opacity", ([i, j, c]) => (i === j ? 0.12 + 0.68 * (c / rows.get(i)) : 0.25 + 0.7 * (Math.sqrt(c) / top)))
    .on("pointerenter", (event, [i, j, c]) => read(i, j, c))
    .on("click", (event, c) => {
      read(...c);
      if (c[0] === c[1]) return;
      rects.classed("chosen", (other) => other === c);
      pick(c);
    });
  if (cell >= 28) {
    svg.selectAll("text").data(cells).join("text").text((c) => c[2])
      .attr("x", ([, j]) => (j + 0.5) * cell).attr("y", ([i]) => (i + 0.5) * cell);
  }
  function read(i, j, c) {
    left.forEach((element, k) => element.classList.toggle("here", k === i));
    above.forEach((element, k) => element.classList.toggle("here", k === j));
    const share = ` (${percent(c / rows.get(i))} of the row)`;
    readout.textContent = i === j ? `${names[i]}: ${count(c)} right${share}` : `${names[i]}, predicted as ${names[j]}: ${count(c)}${share}`;
  }
  const all = h("div", { class: "all" },
    h("div", { class: "top" }, h("div", { class: "corner" }, "predicted →", h("br"), "annotated ↓"), h("div", { class: "names" }, above)),
    h("div", { class: "body" }, h("div", { class: "left" }, left), svg.node()));
  all.style.setProperty("--print-zoom", Math.min(1, 660 / (n * cell + width)));
  const style = `--cell:${cell}px;--letters:${letters}px;--names:${width}px`;
  return figure(
    "Rows are what the annotation has, columns what is predicted: blue on the diagonal is right, orange is wrong, the stronger the more. " +
      "Labels that are taken for each other stand together." + (has_none ? " “none” stands for what only one side has." : ""),
    readout, h("div", { class: "matrix", style, tabindex: 0 }, all));
}

function errorList(component) {
  const { errors, n_errors } = component;
  const label = (value) => value ?? NONE;
  const options = (key) => [...d3.rollup(errors, (group) => group.length, (e) => label(e[key]))].sort((a, b) => d3.ascending(a[0], b[0]));
  const select = (key) =>
    h("select", { onchange: () => show({ either: null }) }, h("option", { value: "" }, "any"),
      options(key).map(([value, n]) => h("option", { value }, `${value} (${n})`)));
  const gold = select("gold");
  const predicted = select("predicted");
  const search = h("input", { type: "search", placeholder: "words in the text", oninput: () => show({}) });
  const status = h("span", { role: "status" });
  const list = h("ol", { class: "errors" });
  const more = h("button", { type: "button", class: "screen", onclick: () => add() }, "Show more");
  const heading = h("h3", { id: `${slug(component.name)}-errors` }, "Errors");
  const reset = h("button", { type: "button", onclick: () => choose({}, false) }, "Show all");
  let either = null;
  let found = [];
  let shown = 0;

  function item(error) {
    const { text, start, end, probability } = error;
    const words = end > start ? [text.slice(0, start), h("mark", null, text.slice(start, end)), text.slice(end)] : [text];
    const chance = probability === null ? null : h("div", null,
      h("span", { class: "chance" }, h("i", { style: `width:${100 * probability}%` })), probability.toFixed(3));
    return h("li", null, h("div", { class: "text", dir: "auto" }, words),
      h("div", { class: "what" }, h("div", null, h("span", { class: "gold" }, label(error.gold)), " → ", h("span", { class: "predicted" }, label(error.predicted))), chance));
  }
  function add() {
    list.append(...found.slice(shown, shown + SHOWN).map(item));
    shown = Math.min(found.length, shown + SHOWN);
    more.hidden = shown >= found.length;
    more.textContent = `Show more (${count(found.length - shown)} left)`;
  }
  function show(change) {
    if ("either" in change) either = change.either;
    const words = search.value.toLowerCase();
    found = errors.filter((e) =>
      (!gold.value || label(e.gold) === gold.value) &&
      (!predicted.value || label(e.predicted) === predicted.value) &&
      (!either || e.gold === either || e.predicted === either) &&
      (!words || e.text.toLowerCase().includes(words)));
    status.textContent = `${count(found.length)} of ${count(n_errors)} errors` + (either ? ` with ${either}` : "");
    list.replaceChildren();
    shown = 0;
    add();
  }
  function choose(cell, scroll = true) {
    gold.value = cell.gold ?? "";
    predicted.value = cell.predicted ?? "";
    search.value = "";
    show({ either: cell.either ?? null });
    if (scroll) heading.scrollIntoView();
  }
  show({});
  const left = n_errors - errors.length;
  const content = [
    heading,
    h("p", { class: "soft" }, "The surest first: by the probability of the prediction; where nothing is predicted, that the label is absent."),
    left ? notes([`${count(left)} more errors are left out to keep the page small: those of frequent confusions that are less sure. The report as JSON has all of them.`]) : null,
    h("div", { class: "filters" }, h("label", null, "annotated", gold), h("label", null, "predicted", predicted), search, reset, status),
    list, more,
  ];
  return { content, choose };
}

function reliability(component) {
  const found = component.reliability;
  if (!found) return [h("h3", null, "Reliability"), h("p", null, "The component does not tell probabilities.")];
  const size = found.counts.length;
  const bins = found.counts.map((n, i) => ({ n, low: i / size, high: (i + 1) / size, mean: found.probabilities[i], share: found.frequencies[i], ends: found.intervals[i] })).filter((bin) => bin.n);
  const x = { domain: [0, 1], label: "probability", tickFormat: tick, ticks: 5 };
  const diagram = chart((width) => Plot.plot({
    width, height: Math.min(width, 320), marginLeft: 44, style: STYLE, x: { ...x, label: null },
    y: { domain: [0, 1], label: "right, %", tickFormat: tick, grid: true, ticks: 5 },
    marks: [
      Plot.rectY(bins, { x1: "low", x2: "high", y: "share", inset: 1, fill: "var(--right)", fillOpacity: 0.3 }),
      Plot.link([0], { x1: 0, y1: 0, x2: 1, y2: 1, stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "4 4" }),
      Plot.link(bins, { x: "mean", y1: (b) => b.ends[0], y2: (b) => b.ends[1], stroke: "var(--right)", strokeWidth: 1.5 }),
      Plot.dot(bins, { x: "mean", y: "share", fill: "var(--right)", r: 4, tip: true, title: (b) => `${count(b.n)} predictions of probability ${points(b.mean)} % on average: ${points(b.share)} % right (95 % interval ${points(b.ends[0])} to ${points(b.ends[1])})` }),
    ],
  }));
  const sizes = chart((width) => Plot.plot({
    width, height: 130, marginLeft: 44, marginTop: 18, marginBottom: 38, style: STYLE, x, y: { label: null, ticks: 0 },
    marks: [
      Plot.rectY(bins, { x1: "low", x2: "high", y: "n", inset: 1, fill: "var(--soft)", fillOpacity: 0.4 }),
      Plot.text(bins, { x: (b) => (b.low + b.high) / 2, y: "n", text: (b) => d3.format(b.n < 1000 ? "d" : ".2~s")(b.n), dy: -7, fontSize: width < 360 ? 9 : 11 }),
      Plot.ruleY([0]),
    ],
  }));
  return [
    h("h3", null, "Reliability"),
    figure(`How often predictions of a probability are right: on the dashed line they are as often as promised; upright lines are 95 % intervals. Expected calibration error ${found.error.toFixed(3)}, ${count(d3.sum(found.counts))} predictions, counted below.`, h("div", { class: "narrow" }, diagram, sizes)),
  ];
}

function sliced(component) {
  if (!component.slices.length) return null;
  const score = ["textcat", "tagger"].includes(component.kind) ? "F (accuracy where each has one label)" : "F";
  return [
    h("h3", null, "Where it is hard"),
    h("p", { class: "soft" }, `${score}, with the 95 % interval, on parts of the data; at the right how many ${component.unit}.`),
    h("div", { class: "pair" }, component.slices.map((slice) =>
      figure(slice.title, intervals(slice.parts.map((p) => ({ ...p, value: p.f, side: count(p.support) })), { label: "F, %", side: true, margin: 105 })))),
  ];
}

function componentSection(component) {
  const list = errorList(component);
  return [
    title(component.name),
    h("p", { class: "soft" }, `${count(component.n_docs)} annotated texts. Intervals are of 95 %, from a bootstrap over texts.`),
    notes(component.notes),
    headline(component),
    labelTable(component, list.choose),
    confusions(component, list.choose),
    list.content,
    reliability(component),
    sliced(component),
  ];
}

function training() {
  const log = DATA.log;
  if (!log) return [title("Training"), notes([DATA.log_note])];
  const losses = log.rows.flatMap((row) => Object.entries(row.losses).map(([name, value]) => ({ step: row.step, name, value })));
  const best = log.best === null ? [] : [log.rows[log.best]];
  const line = (rows, label, y) => chart((width) => Plot.plot({
    width, height: 270, marginLeft: 52, marginBottom: 38, style: STYLE, x: { label: "step", ticks: Math.max(2, width / 90) }, y: { label, grid: true, ...y },
    color: { legend: new Set(rows.map((r) => r.name)).size > 1, range: ["var(--right)", "var(--wrong)", "var(--soft)", "#009e73", "#cc79a7"] },
    marks: [
      best.length ? Plot.ruleX(best, { x: "step", stroke: "currentColor", strokeOpacity: 0.35, strokeDasharray: "3 3" }) : null,
      Plot.lineY(rows, { x: "step", y: "value", stroke: "name", strokeWidth: 2 }),
      Plot.dot(rows, { x: "step", y: "value", fill: "name", r: 2.5, tip: true }),
    ],
  }));
  const scores = log.rows.map((row) => ({ step: row.step, name: "score", value: 100 * row.score }));
  const told = best.length ? ` The pipeline is from step ${count(best[0].step)}, the dashed line.` : "";
  return [
    title("Training"),
    notes([DATA.log_note]),
    h("p", { class: "soft" }, `${count(log.rows.length)} evaluations on the development data, in ${log.path}.${told}`),
    h("div", { class: "pair" },
      figure("Score that the best pipeline is chosen by", line(scores, "score, %", { tickFormat: (v) => String(+v.toFixed(2)) })),
      figure("Loss since the last evaluation", line(losses, "loss", { zero: true, tickFormat: "~s" }))),
  ];
}

function trainingData() {
  const heading = title("Training data");
  if (DATA.n_train === null) {
    return [heading, notes(["The training data was not given. With --train, here are texts of the test set that are nearly in it, and scores on unknown words."])];
  }
  if (!DATA.n_duplicates) return [heading, h("p", null, `None of the ${count(DATA.n_docs)} texts is nearly one of the ${count(DATA.n_train)} training texts.`)];
  const share = DATA.n_duplicates / DATA.n_docs;
  const clean = DATA.components.filter((c) => c.without_duplicates?.value != null).map((c) =>
    [c.name, `${percent(c.without_duplicates.value)} ${c.without_duplicates.title} without them (${between(c.without_duplicates)}), ${percent(c.scores[0].value)} with`]);
  const columns = [
    { title: "test set", value: (r) => r.test },
    { title: "training data", value: (r) => r.train },
    { title: "alike", value: (r) => r.similarity, show: (r) => r.similarity.toFixed(2) },
  ];
  const left = DATA.n_duplicates - DATA.duplicates.length;
  return [
    heading,
    h("p", null, `${count(DATA.n_duplicates)} of ${count(DATA.n_docs)} texts (${percent(share)}) are nearly in the ${count(DATA.n_train)} training texts.`),
    facts(clean),
    h("div", { class: "texts" }, figure("Alike is the share of four-character sequences that two texts have in common, case and punctuation aside; pairs from 0.8 on." + (left ? ` ${count(left)} more pairs are in the report as JSON.` : ""), table(columns, DATA.duplicates, { by: 2, descending: true }))),
  ];
}

function machine() {
  const f = DATA.footprint;
  return [
    title("Size and speed"),
    facts([
      ["weights", count(f.weights)],
      ["on disk", bytes(f.bytes)],
      ["in batches", `${count(Math.round(f.words_per_second))} words/s`],
      ["one text", `${seconds(f.latency)}, median`],
      ["measured on", `${f.machine}; torch on ${f.threads} ${f.threads === 1 ? "thread" : "threads"}`],
      ...Object.entries(DATA.versions),
    ]),
    title("Config"),
    h("details", null, h("summary", null, "The pipeline's config"), h("pre", null, DATA.config)),
  ];
}

document.getElementById("page").replaceChildren(
  ...[header(), DATA.components.map(componentSection), training(), trainingData(), machine()].flat(Infinity).filter(Boolean),
);
