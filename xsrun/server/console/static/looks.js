// How the rows of a table are looked at: hidden columns and views with names, kept in this browser; one row by itself.

import { button, copy, dialog, field, fill, h, json, select, tell } from "./dom.js";

// What is kept under a name, if it is still of the kind that is expected: anybody can change what a browser keeps.
const read = (name, otherwise) => {
  try {
    const found = JSON.parse(localStorage.getItem(name));
    return found?.constructor === otherwise.constructor ? found : otherwise;
  } catch { return otherwise; }
};

// What this browser keeps about a table of a workspace.
export function looksOf(workspace, table) {
  const key = (what) => `xsrun-${what}-${workspace}-${table}`;
  const keep = (what, value) => localStorage.setItem(key(what), JSON.stringify(value));
  return {
    hidden: () => new Set(read(key("hidden"), [])),
    hide: (names) => keep("hidden", [...names]),
    views: () => read(key("views"), {}),
    keep: (views) => keep("views", views),
  };
}

// A dialog with a box for each column.
export function chooseColumns(table, looks, redraw) {
  dialog("Columns", (close) => {
    const hidden = looks.hidden();
    const boxes = table.columns.filter((one) => one.name !== "id").map((one) => {
      const box = h("input", { type: "checkbox", checked: !hidden.has(one.name), onchange: () => {
        if (box.checked) hidden.delete(one.name); else hidden.add(one.name);
        looks.hide(hidden);
        redraw();
      } });
      return h("label", { class: "check" }, box, ` ${one.name}`);
    });
    return [h("div", { class: "checks" }, boxes), h("p", { class: "soft" }, "Kept in this browser; exports have all columns."),
      h("div", { class: "row" }, button("Show all", () => { looks.hide([]); redraw(); close(); }), button("Close", close, { autofocus: true }))];
  });
}

// A list of views with names, to choose from, and buttons that keep and forget one. `now` gives what is seen, `use` shows another.
export function viewBar(looks, now, use) {
  const place = h("span", { class: "row" });
  const draw = (chosen = "") => {
    const views = looks.views();
    const names = Object.keys(views).sort();
    fill(place, names.length ? field("View", select([["", "none"], ...names], chosen, (name) => { if (name) use(structuredClone(views[name])); draw(name); })) : null,
      button("Keep this view", () => name(), { title: "filters and order, under a name" }),
      chosen ? button("Forget this view", () => { delete views[chosen]; looks.keep(views); draw(); }) : null);
  };
  function name() {
    dialog("Keep this view", (close) => {
      const text = h("input", { type: "text", required: true, maxlength: 80, autofocus: true });
      return h("form", { class: "stack", onsubmit: (event) => {
        event.preventDefault();
        looks.keep({ ...looks.views(), [text.value.trim()]: now() });
        close();
        draw(text.value.trim());
        tell("The view is kept in this browser.");
      } }, field("Name", text), h("div", { class: "row" }, h("button", { type: "submit", class: "main" }, "Keep"), button("Cancel", close)));
    });
  }
  draw();
  return place;
}

// A row whole; `more` are buttons of the place that shows it.
export function showRow(title, row, more = () => []) {
  dialog(title, (close) => [json(row, 2),
    h("div", { class: "row" }, button("Copy as JSON", () => copy(JSON.stringify(row, null, 2), "The row")), more(close), button("Close", close, { autofocus: true }))]);
}
