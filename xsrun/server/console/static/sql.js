// SQL statements, typed as for PostgreSQL.

import { button, count, download, field, fill, h, ms, plural, table, words } from "./dom.js";
import { call, newest, part } from "./api.js";

export function sqlPanel(content, source) {
  const text = h("textarea", { class: "mono editor", rows: 6, spellcheck: "false", value: sessionStorage.getItem("xsrun-sql") || "SELECT 1 AS one" });
  const place = h("div", { "aria-live": "polite" });
  const ask = newest();
  const run = async (event) => {
    event.preventDefault();
    const isNewest = ask();
    sessionStorage.setItem("xsrun-sql", text.value);
    fill(place, h("p", { class: "soft" }, "Running..."));
    try {
      const found = await call("POST", `sql${source === "live" ? "" : `?datasource=${part(source)}`}`, { sql: text.value });
      if (!isNewest()) return;
      const names = [...new Set(found.rows.flatMap((row) => Object.keys(row)))];
      const shown = (value) => (value === null ? "null" : typeof value === "object" ? JSON.stringify(value) : String(value));
      fill(place, h("p", { class: "soft" }, `${plural(found.all, "row")}, ${ms(found.duration)}${found.all > found.rows.length ? `, the first ${count(found.rows.length)} shown` : ""}.`),
        found.rows.length ? table(names, found.rows.map((row) => h("tr", {}, names.map((name) => h("td", { class: row[name] == null ? "null" : "" }, shown(row[name] ?? null).slice(0, 300))))), { class: "rows", label: "Rows of the statement" }) : null,
        found.rows.length ? h("div", { class: "row" }, button("Save as JSON", () => download("rows.json", [JSON.stringify(found.rows, null, 2)], "application/json"))) : null);
    } catch (error) {
      if (isNewest()) fill(place, h("p", { class: "problem", role: "alert" }, words(error)));
    }
  };
  fill(content, h("h2", {}, "SQL"), h("p", { class: "soft" }, "One statement in PostgreSQL's dialect, whatever the database is. What it writes stays, without the validation of programs."),
    h("form", { class: "stack", onsubmit: run, onkeydown: (event) => { if (event.key === "Enter" && event.ctrlKey) run(event); } }, field("Statement", text),
      h("div", { class: "row" }, h("button", { type: "submit", class: "main" }, "Run"))), place);
}
