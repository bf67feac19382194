"use strict";
// What all pages are made of.

const DATA = JSON.parse(document.getElementById("data").textContent);
const NOTHING = "–";

// An element: h("p", { class: "soft" }, "text", other, ...). Handlers are functions named onclick, …
function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element[key] = value;
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

const count = (value) => value.toLocaleString("en");
const percent = (value, digits = 1) => (value === null ? NOTHING : `${(100 * value).toFixed(digits)} %`);
const points = (value, digits = 1) => (value === null ? NOTHING : (100 * value).toFixed(digits));
const tick = (value) => String(+(100 * value).toFixed(1));
const between = (row) => (row.low === null ? "" : `${points(row.low)} to ${points(row.high)}`);

function bytes(size) {
  if (size === null) return NOTHING;
  return size < 1e6 ? `${(size / 1e3).toFixed(0)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}

function seconds(time) {
  if (time === null) return NOTHING;
  if (time < 0.1) return `${(1000 * time).toFixed(1)} ms`;
  if (time < 120) return `${time.toFixed(1)} s`;
  return time < 7200 ? `${(time / 60).toFixed(1)} min` : `${(time / 3600).toFixed(1)} h`;
}

function themeButton() {
  const root = document.documentElement;
  const dark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const button = h("button", { class: "screen", type: "button" });
  const show = () => (button.textContent = dark() ? "Light" : "Dark");
  button.onclick = () => {
    root.dataset.theme = dark() ? "light" : "dark";
    show();
  };
  show();
  return button;
}

const facts = (rows) => h("dl", { class: "facts" }, rows.map(([k, v]) => [h("dt", null, k), h("dd", null, v)]));
const notes = (texts) => texts.filter(Boolean).map((text) => h("p", { class: "note" }, text));
const figure = (caption, ...content) => h("figure", null, h("figcaption", null, caption), ...content);

// A dot on a line that stands for its interval, on a scale from low to high.
function range(row, value, low = 0, high = 1) {
  const at = (x) => `${(100 * (x - low)) / (high - low)}%`;
  const spread = row.low === null ? null : h("i", { style: `left:${at(row.low)};right:calc(100% - ${at(row.high)})` });
  return h("span", { class: "range" }, spread, h("b", { style: `left:${at(value)}` }));
}

// A table that sorts by a click on a column: { title, value: of a row, show: of a row, first }.
function table(columns, rows, { by = 0, descending = false } = {}) {
  const body = h("tbody");
  const heads = columns.map((column, i) =>
    h("th", { scope: "col" }, h("button", { type: "button", onclick: () => sort(i) }, column.title)),
  );
  function sort(i) {
    descending = i === by ? !descending : typeof columns[i].value(rows[0]) === "number" && !columns[i].ascending;
    by = i;
    fill();
  }
  function fill() {
    const value = columns[by].value;
    const order = d3.sort(rows, (a, b) => (descending ? d3.descending : d3.ascending)(value(a), value(b)));
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[by].setAttribute("aria-sort", descending ? "descending" : "ascending");
    body.replaceChildren(...order.map((row) => h("tr", null, columns.map((c) => h("td", null, (c.show ?? c.value)(row))))));
  }
  if (rows.length) fill();
  return h("div", { class: "box", tabindex: 0 }, h("table", null, h("thead", null, h("tr", null, heads)), body));
}

// A chart that is drawn anew when its place gets wider or narrower.
function chart(draw) {
  const place = h("div");
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.round(entry.contentRect.width);
    if (!now || now === width) return;
    width = now;
    place.replaceChildren(draw(width));
  }).observe(place);
  return place;
}

const STYLE = { background: "transparent", fontSize: "12px", overflow: "visible", "--plot-background": "var(--raised)" };

// Marks of a value with its interval, for rows in the order given: { name, value, low, high, side }.
// A scale needs two ends, also where all values are one.
function intervals(rows, { label, side, margin = 150, zero = false, format = points } = {}) {
  const [least, most] = d3.extent(rows.flatMap((row) => [row.low ?? row.value, row.value, row.high ?? row.value]));
  const domain = least === most ? [least - Math.abs(least || 1) / 10, most] : undefined;
  return chart((width) =>
    Plot.plot({
      width,
      height: 48 + 24 * rows.length,
      marginLeft: Math.min(margin, width * 0.4),
      marginRight: side ? 80 : 20,
      marginTop: 38,
      marginBottom: 10,
      style: STYLE,
      x: { label, labelOffset: 34, axis: "top", grid: true, nice: true, zero, domain, tickFormat: format === points ? tick : format, ticks: Math.max(2, width / 120) },
      y: { label: null, domain: rows.map((row) => row.name), tickSize: 0 },
      marks: [
        Plot.ruleY(rows.filter((row) => row.low !== null), { y: "name", x1: "low", x2: "high", stroke: "var(--right)", strokeWidth: 2, strokeOpacity: 0.5 }),
        Plot.dot(rows, { y: "name", x: "value", fill: "var(--right)", r: 4.5, title: (row) => `${row.name}: ${format(row.value)} (${format(row.low)} to ${format(row.high)})`, tip: true }),
        side ? Plot.text(rows, { y: "name", text: "side", frameAnchor: "right", dx: 76, textAnchor: "end", fill: "var(--soft)" }) : null,
      ],
    }),
  );
}
