// The tables and their references as a drawing: layers from what refers to what is referred to, few crossings, curves.

import { h, s } from "./dom.js";

const LINE = 18;
const HEAD = 26;
const WIDTH = 210;
const GAP_X = 90;
const GAP_Y = 26;
const MOST_COLUMNS = 14;

// Layers by longest path; references in circles are cut where they close one.
export function layered(names, edges) {
  const next = new Map(names.map((name) => [name, new Set()]));
  for (const [from, to] of edges) if (from !== to && next.has(from) && next.has(to)) next.get(from).add(to);
  const layer = new Map();
  const visit = (name, path) => {
    if (layer.has(name)) return layer.get(name);
    path.add(name);
    let depth = 0;
    for (const other of next.get(name)) {
      if (path.has(other)) next.get(name).delete(other);
      else depth = Math.max(depth, visit(other, path) + 1);
    }
    path.delete(name);
    layer.set(name, depth);
    return depth;
  };
  names.forEach((name) => visit(name, new Set()));
  const layers = [];
  for (const name of names) (layers[layer.get(name)] ||= []).push(name);
  const filled = [...layers].map((one) => one || []);
  // barycentres, a few sweeps in both directions
  const linked = new Map(names.map((name) => [name, []]));
  for (const [from, to] of edges) if (from !== to && linked.has(from) && linked.has(to)) { linked.get(from).push(to); linked.get(to).push(from); }
  for (let sweep = 0; sweep < 8; sweep += 1) {
    const order = sweep % 2 ? [...filled.keys()].reverse() : [...filled.keys()];
    for (const index of order) {
      const fixed = new Map((filled[index + (sweep % 2 ? 1 : -1)] || []).map((name, place) => [name, place]));
      const at = (name, place) => {
        const places = linked.get(name).filter((one) => fixed.has(one)).map((one) => fixed.get(one));
        return places.length ? places.reduce((a, b) => a + b, 0) / places.length : place;
      };
      const keyed = filled[index].map((name, place) => [at(name, place), place, name]);
      filled[index] = keyed.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, , name]) => name);
    }
  }
  return filled;
}

export function diagram(tables, open) {
  const drawn = tables.filter((one) => !one.broken);
  const edges = drawn.flatMap((one) => one.columns.filter((column) => column.table).map((column) => [one.name, column.table, column.name]));
  const known = new Map(drawn.map((one) => [one.name, one]));
  const linked = new Set(edges.flatMap(([from, to]) => (known.has(to) ? [from, to] : [])));
  const layers = layered(drawn.filter((one) => linked.has(one.name)).map((one) => one.name), edges);
  const alone = drawn.filter((one) => !linked.has(one.name)).map((one) => one.name);
  for (let start = 0; start < alone.length; start += 4) layers.push(alone.slice(start, start + 4));
  const boxes = new Map();
  let x = 20;
  let height = 0;
  for (const layer of layers.reverse()) {
    let y = 20;
    for (const name of layer) {
      const columns = known.get(name).columns.slice(0, MOST_COLUMNS);
      const tall = HEAD + columns.length * LINE + (known.get(name).columns.length > MOST_COLUMNS ? LINE : 0) + 8;
      boxes.set(name, { x, y, columns, height: tall });
      y += tall + GAP_Y;
    }
    height = Math.max(height, y);
    x += WIDTH + GAP_X;
  }
  const lines = edges.filter(([, to]) => boxes.has(to)).map(([from, to, column]) => {
    const a = boxes.get(from);
    const b = boxes.get(to);
    const index = a.columns.findIndex((one) => one.name === column);
    const y1 = a.y + HEAD + (index < 0 ? a.columns.length : index) * LINE + LINE / 2;
    const y2 = b.y + HEAD / 2;
    const right = b.x > a.x;
    const x1 = right || from === to ? a.x + WIDTH : a.x;
    const x2 = right ? b.x : b.x + WIDTH;
    const bend = from === to ? 60 : Math.max(40, Math.abs(x2 - x1) / 2);
    const c1 = right || from === to ? x1 + bend : x1 - bend;
    const c2 = right ? x2 - bend : x2 + bend;
    const tip = right ? -9 : 9;
    return s("g", { "data-from": from, "data-to": to },
      s("path", { d: `M${x1} ${y1} C${c1} ${y1} ${c2} ${y2} ${x2 + tip} ${y2}` }),
      s("path", { class: "arrow", d: `M${x2} ${y2} l${tip} -5 v10 z` }));
  });
  const lit = (name, on) => {
    for (const line of lines) if (line.dataset.from === name || line.dataset.to === name) line.firstChild.classList.toggle("lit", on);
  };
  const shapes = [...boxes].map(([name, box]) => {
    const table = known.get(name);
    const go = () => open(name);
    const rest = table.columns.length - box.columns.length;
    return s("g", { class: "table", transform: `translate(${box.x} ${box.y})`, tabindex: "0", role: "link", "aria-label": `${name}, ${table.count} rows`, onclick: go,
      onkeydown: (event) => { if (event.key === "Enter") go(); }, onfocus: () => lit(name, true), onblur: () => lit(name, false), onmouseenter: () => lit(name, true), onmouseleave: () => lit(name, false) },
    s("rect", { class: "box", width: WIDTH, height: box.height, rx: 6 }), s("rect", { class: "headline", x: 1, y: 1, width: WIDTH - 2, height: HEAD - 2, rx: 5 }),
    s("text", { class: "title", x: 9, y: 17 }, cut(name, 24)), s("text", { class: "type", x: WIDTH - 9, y: 17, "text-anchor": "end" }, `${table.count}${table.counted ? "" : "+"}`),
    box.columns.map((column, index) => [s("text", { x: 9, y: HEAD + index * LINE + 14 }, cut(column.name, 19)),
      s("text", { class: "type", x: WIDTH - 9, y: HEAD + index * LINE + 14, "text-anchor": "end" }, `${cut(column.type, 12)}${column.list ? "[]" : ""}${column.nullable ? "?" : ""}`)]),
    rest ? s("text", { class: "type", x: 9, y: HEAD + box.columns.length * LINE + 14 }, `${rest} more`) : null);
  });
  if (!boxes.size) return h("p", { class: "empty" }, "There are no tables.");
  return h("div", {}, h("p", { class: "soft" }, "An arrow leads from a column to the table whose rows it names."),
    h("div", { class: "diagram", tabindex: "0", role: "region", "aria-label": "Diagram of the tables" },
      s("svg", { width: x, height, viewBox: `0 0 ${x} ${height}` }, lines, shapes)));
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
