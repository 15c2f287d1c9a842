// Tables: what they are, how they refer to one another, and their rows, to look through and to change.

import { button, complain, confirm, copy, count, dialog, download, field, fill, h, plural, pre, select, tell, words } from "./dom.js";
import { call, get, newest, part, post } from "./api.js";
import { inputs } from "./fields.js";
import { chooseColumns, looksOf, showRow, viewBar } from "./looks.js";

const TESTS = ["=", "!=", "<", "<=", ">", ">=", "contains", "begins with", "is null", "is not null"];

export async function show(main, parts, query) {
  const source = query.get("source") || "live";
  const [{ tables, datasources }, { name: workspace }] = await Promise.all([get("tables", { datasource: source }), get("about")]);
  const address = (name, more = {}) => `#/data/${part(name)}?${new URLSearchParams({ ...(source === "live" ? {} : { source }), ...more })}`;
  const content = h("div", {});
  const chosen = tables.find((one) => one.name === parts[0]);
  fill(main,
    h("div", { class: "head" }, h("h1", {}, "Data"),
      field("Data source", select(datasources.includes(source) ? datasources : [...datasources, source], source, (value) => {
        location.hash = `#/data/${parts[0] ? part(parts[0]) : ""}?${new URLSearchParams({ source: value })}`;
      }))),
    h("div", { class: "columns" },
      h("ul", { class: "side", "aria-label": "Tables" },
        h("li", {}, h("a", { href: address("").replace("/?", "?"), "aria-current": parts[0] ? null : "page" }, "Diagram")),
        h("li", {}, h("a", { href: address("~sql"), "aria-current": parts[0] === "~sql" ? "page" : null }, "SQL")),
        tables.map((one) => h("li", {}, h("a", { class: "row-link", href: address(one.name), "aria-current": one === chosen ? "page" : null },
          one.name, h("span", { class: "soft number" }, one.broken ? "broken" : `${count(one.count)}${one.counted ? "" : "+"}`))))),
      content));
  if (!parts[0]) {
    const { diagram } = await import("./diagram.js");
    fill(content, diagram(tables, (name) => { location.hash = address(name); }));
    return null;
  }
  if (parts[0] === "~sql") {
    const { sqlPanel } = await import("./sql.js");
    sqlPanel(content, source);
    return null;
  }
  if (!chosen || chosen.broken) {
    fill(content, h("p", { class: "problem" }, chosen ? chosen.broken : `There is no table ${parts[0]} in this data source.`));
    return null;
  }
  return rows(content, chosen, tables, source, query, address, looksOf(workspace, chosen.name));
}

function rows(content, table, tables, source, query, address, looks) {
  const url = (what) => `table/${part(table.name)}/${what}${source === "live" ? "" : `?datasource=${part(source)}`}`;
  let filters = [];
  try { filters = JSON.parse(query.get("where") || "[]"); } catch { filters = []; }
  const view = { filters, sort: query.get("sort") || "id", descending: query.get("way") === "desc", limit: 50 };
  const keys = [null];
  let page = null;
  const place = h("div", {});
  const state = h("p", { class: "soft", role: "status" });
  const pages = h("div", { class: "row" });
  const chosen = new Set();
  const scanButton = h("span", {});
  let hidden = looks.hidden();
  const shown = () => table.columns.filter((one) => !hidden.has(one.name));
  const by = Object.fromEntries(table.columns.map((one) => [one.name, one]));

  const remember = () => {
    const more = { ...(view.filters.length ? { where: JSON.stringify(view.filters) } : {}), ...(view.sort === "id" ? {} : { sort: view.sort }), ...(view.descending ? { way: "desc" } : {}) };
    history.replaceState(null, "", address(table.name, more));
  };

  const ask = newest();
  let scanning = "";

  async function load() {
    const isNewest = ask();
    const scan = `${Date.now()}-${Math.floor(Math.random() * 1e9)}`;
    if (scanning) post(`scan/${scanning}/stop`).catch(() => {}); // what nobody waits for any more
    scanning = scan;
    let watching = 0;
    const watch = async () => {
      const found = await get(`scan/${scan}`).catch(() => ({}));
      if (scanning !== scan) return;
      if (found.running) {
        state.textContent = `Scanning: looked at ${plural(found.scanned, "row")}. No index answers this.`;
        fill(scanButton, button("Stop the scan", () => post(`scan/${scan}/stop`)));
      }
      watching = setTimeout(watch, 300);
    };
    watching = setTimeout(watch, 400);
    try {
      const found = await call("POST", url("rows"), { ...view, after: keys.at(-1), scan });
      if (!isNewest()) return;
      page = found;
      draw();
    } catch (error) {
      if (isNewest()) fill(place, h("p", { class: "problem", role: "alert" }, words(error)));
    } finally {
      clearTimeout(watching);
      if (isNewest()) {
        scanning = "";
        fill(scanButton);
      }
    }
  }

  const restart = () => { keys.splice(0, keys.length, null); chosen.clear(); remember(); load(); };

  function draw() {
    const heads = shown().map((column) => {
      const way = view.sort === column.name ? (view.descending ? "descending" : "ascending") : "none";
      return h("th", { scope: "col", "aria-sort": way }, h("button", { type: "button", title: column.indexed ? "sort (an index answers it)" : "sort (a scan: no index begins with this column)", onclick: () => {
        view.descending = view.sort === column.name && !view.descending;
        view.sort = column.name;
        restart();
      } }, column.name, way === "none" ? "" : view.descending ? " ↓" : " ↑",
      h("span", { class: "type" }, typeText(column))));
    });
    const body = page.rows.map((row) => h("tr", {},
      h("td", {}, h("input", { type: "checkbox", "aria-label": `Choose row ${row.id}`, onchange: (event) => { if (event.target.checked) chosen.add(row.id); else chosen.delete(row.id); acts(); } })),
      shown().map((column) => cell(row, column))));
    fill(place, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Rows of ${table.name}` },
      h("table", { class: "rows" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "hidden" }, "Choose")), heads)), h("tbody", {}, body))),
    page.rows.length ? null : h("p", { class: "empty" }, view.filters.length ? "No row is like that." : "There are no rows."));
    const first = keys.length > 1 ? `page ${keys.length}, ` : "";
    state.textContent = `${first}${plural(page.rows.length, "row")}${page.scan ? `; a scan of ${plural(page.scanned, "row")}${page.stopped ? ", stopped before its end" : ""}` : ""}`;
    fill(pages, button("Previous", () => { keys.pop(); load(); }, { disabled: keys.length < 2 }), button("Next", () => { keys.push(page.after); load(); }, { disabled: !page.after }),
      button("Columns", () => chooseColumns(table, looks, () => { hidden = looks.hidden(); draw(); })), hidden.size ? h("span", { class: "soft" }, `${plural(hidden.size, "column")} hidden`) : null,
      button("Values", () => valuesOf()), button("Count", async () => { state.textContent = plural((await post(url("count"), view)).count, "row"); }));
    fill(sql, h("summary", {}, "SQL of these rows"), pre(`${page.sql}\n-- ${JSON.stringify(page.parameters)}`));
  }

  function cell(row, column) {
    const value = row[column.name];
    const raw = value === null || value === undefined ? "null" : typeof value === "object" ? JSON.stringify(value) : String(value);
    const moment = column.kind === "timestamp" && typeof value === "number" && Math.abs(value) < 8.64e15 ? new Date(value).toISOString().replace("T", " ").replace(/(\.000)?Z$/, "") : null;
    const text = moment || raw;
    const made = h("td", { class: value == null ? "null" : "", title: moment ? `${raw} (UTC)` : raw.slice(0, 500) });
    const reference = column.table && tables.some((one) => one.name === column.table) && value != null;
    const edit = h("button", { type: "button", class: "cell", "aria-label": `${column.name} of row ${row.id}: ${text.slice(0, 80)}`, onclick: () => change(made, row, column, edit) }, text.slice(0, 200));
    if (column.name === "id") return fill(made, button(text, () => showRow(`Row ${text} of ${table.name}`, row, (close) => button("Add one like it", () => { close(); addRow(row); })), { class: "cell", "aria-label": `Row ${text} whole` }));
    return fill(made, h("span", { class: "with-link" }, edit, reference ? button("→", () => peek(column.table, value), { class: "peek", title: `the row of ${column.table}`, "aria-label": `${column.table} ${value}` }) : null));
  }

  // The row that a reference names, without leaving this table.
  async function peek(name, value) {
    const where = [{ column: "id", test: "=", value: String(value) }];
    try {
      const found = await call("POST", `table/${part(name)}/rows${source === "live" ? "" : `?datasource=${part(source)}`}`, { filters: where, limit: 1 });
      if (!found.rows.length) { tell(`${name} has no row ${value}.`, true); return; }
      showRow(`Row ${value} of ${name}`, found.rows[0], (close) => button(`Go to ${name}`, () => { close(); location.hash = address(name, { where: JSON.stringify(where) }); }));
    } catch (error) { complain(error); }
  }

  function change(made, row, column, old) {
    const value = row[column.name];
    const whole = value !== null && typeof value === "object";
    const text = value == null ? "" : whole ? JSON.stringify(value) : String(value);
    const long = whole || text.length > 40;
    const box = h(long ? "textarea" : "input", { class: "mono", rows: long ? 4 : null, "aria-label": `${column.name} of row ${row.id}`, value: column.sensitive ? "" : text });
    const back = () => { made.classList.remove("editing"); made.replaceWith(cell(row, column)); };
    const save = async (given) => {
      try {
        const found = await post(url("edit"), { id: row.id, data: { [column.name]: given } });
        Object.assign(row, found.row);
        back();
        tell(found.warnings.length ? found.warnings.join(" ") : `Row ${row.id} is saved.`, found.warnings.length > 0);
      } catch (error) {
        complain(error);
        box.focus();
      }
    };
    made.classList.add("editing");
    made.title = "";
    fill(made, box, h("div", { class: "row" }, button("Save", () => save(parsed(box.value, column))), column.nullable ? button("Null", () => save(null)) : null, button("Cancel", back)));
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") back();
      if (event.key === "Enter" && (!long || event.ctrlKey)) { event.preventDefault(); save(parsed(box.value, column)); }
    });
    box.focus();
    old.blur();
  }

  const sql = h("details", {});
  const actions = h("div", { class: "row" });
  function acts() {
    fill(actions, button("Add a row", () => addRow(), { class: "main" }), button("Import", importRows), button("Export", exportRows),
      chosen.size ? button(`Delete ${plural(chosen.size, "row")}`, async () => {
        if (!await confirm(`Delete ${plural(chosen.size, "row")} of ${table.name}?`, "Delete")) return;
        try {
          await post(url("delete"), { ids: [...chosen] });
          chosen.clear(); acts(); load();
        } catch (error) { complain(error); }
      }, { class: "danger" }) : null);
  }

  function valuesOf() {
    dialog(`Values in ${table.name}`, (close) => {
      const found = h("div", {});
      const scan = `${Date.now()}-${Math.floor(Math.random() * 1e9)}`;
      const ask = newest();
      const load = async (name) => {
        const isNewest = ask();
        fill(found, h("p", { class: "soft" }, "Counting: every row is looked at. "), button("Stop", () => post(`scan/${scan}/stop`)));
        try {
          const answer = await post(url("values"), { ...view, column: name, scan });
          if (!isNewest()) return;
          const most = Math.max(1, ...answer.counts.map(([, number]) => number));
          const about = answer.cut ? "There are too many different values to count them all." : `${plural(answer.values, "value")} in ${plural(answer.scanned, "row")}${answer.stopped ? ", stopped before the end" : ""}.`;
          fill(found, h("p", { class: "soft" }, about), h("ul", { class: "plain" }, answer.counts.map(([value, number]) => {
            const bar = h("span", { class: "meter", "aria-hidden": "true" }, h("span", {}));
            bar.firstChild.style.width = `${Math.round((number / most) * 100)}%`;
            return h("li", {}, button(value === null ? "null" : String(value).slice(0, 80), () => {
              view.filters.push(value === null ? { column: name, test: "is null", value: "" } : { column: name, test: "=", value: String(value) });
              filterBar(); restart(); close();
            }, { class: "quiet" }), h("span", { class: "number" }, ` ${count(number)} `), bar);
          })));
        } catch (error) { if (isNewest()) fill(found, h("p", { class: "bad", role: "alert" }, words(error))); }
      };
      return [field("Column", select([["", "choose a column"], ...table.columns.map((one) => one.name)], "", (name) => { if (name) load(name); })), found, button("Close", close)];
    });
  }

  function addRow(like = {}) {
    dialog(`Add a row to ${table.name}`, (close) => {
      const form = inputs(table.columns.filter((one) => one.name !== "id" || !table.declared), given(like));
      const wrong = h("p", { class: "bad", role: "alert" });
      const free = h("textarea", { rows: 6, class: "mono", "aria-label": "Columns as JSON" }, JSON.stringify(given(like)));
      return h("form", { class: "stack", onsubmit: async (event) => {
        event.preventDefault();
        try {
          const data = table.declared ? await form.value() : JSON.parse(free.value);
          const found = await post(url("add"), { data });
          close();
          tell(`Row ${found.row.id} is added.`);
          load();
        } catch (error) { wrong.textContent = words(error); }
      } }, table.declared ? form.element : free, wrong, h("div", { class: "row" }, h("button", { type: "submit", class: "main" }, "Add"), button("Cancel", close)));
    });
  }

  // What a new row takes over from another one: not its id, and no hashes.
  function given(like) {
    return Object.fromEntries(Object.entries(like).filter(([name, value]) => name !== "id" && value !== null && !by[name]?.sensitive));
  }

  function importRows() {
    dialog(`Import rows into ${table.name}`, (close) => {
      const file = h("input", { type: "file", accept: ".csv,.json" });
      const wrong = h("p", { class: "bad", role: "alert" });
      return [h("p", { class: "soft" }, "A CSV file with a line of column names, or a JSON list of objects. All rows go in, or none; each is validated as db.add does."), field("File", file), wrong,
        h("div", { class: "row" }, button("Import", async () => {
          if (!file.files.length) { wrong.textContent = "Choose a file."; return; }
          try {
            const [one] = file.files;
            const found = await post(url("import"), { text: await one.text(), format: one.name.toLowerCase().endsWith(".csv") ? "csv" : "json" });
            close();
            tell(`${plural(found.added, "row")} added.`);
            load();
          } catch (error) { wrong.textContent = words(error); }
        }, { class: "main" }), button("Cancel", close))];
    });
  }

  function exportRows() {
    dialog(`Export rows of ${table.name}`, (close) => {
      const told = h("p", { class: "soft", role: "status" }, "All rows of this view, in its order.");
      let going = false;
      const run = async (kind) => {
        going = true;
        const parts = [kind === "csv" ? `${table.columns.map((one) => quoted(one.name)).join(",")}\r\n` : "["];
        let after = null;
        let number = 0;
        try {
          do {
            const found = await call("POST", url("rows"), { ...view, limit: 5000, after });
            for (const row of found.rows) {
              parts.push(kind === "csv" ? `${table.columns.map((one) => quoted(row[one.name])).join(",")}\r\n` : `${number ? "," : ""}\n${JSON.stringify(row)}`);
              number += 1;
            }
            after = found.after;
            told.textContent = `${plural(number, "row")} so far.`;
          } while (after && going);
          if (!going) { told.textContent = "Stopped."; return; }
          if (kind !== "csv") parts.push("\n]\n");
          download(`${table.name}.${kind}`, parts, kind === "csv" ? "text/csv" : "application/json");
          close();
        } catch (error) { told.textContent = words(error); }
        going = false;
      };
      return [told, h("div", { class: "row" }, button("CSV", () => run("csv"), { class: "main" }), button("JSON", () => run("json")), button("Stop", () => { going = false; }), button("Close", () => { going = false; close(); }))];
    });
  }

  const views = viewBar(looks, () => ({ filters: structuredClone(view.filters), sort: view.sort, descending: view.descending }), (kept) => {
    Object.assign(view, kept);
    filterBar();
    restart();
  });
  const bar = h("div", { class: "stack" });
  function filterBar() {
    fill(bar, view.filters.map((one, index) => {
      const value = h("input", { type: "text", value: one.value || "", "aria-label": `Value ${index + 1}` });
      value.addEventListener("change", () => { one.value = value.value; restart(); });
      return h("div", { class: "row" },
        select(table.columns.map((column) => column.name), one.column, (name) => { one.column = name; restart(); filterBar(); }, { "aria-label": `Column ${index + 1}` }),
        select(TESTS, one.test, (name) => { one.test = name; restart(); filterBar(); }, { "aria-label": `Test ${index + 1}` }),
        one.test.startsWith("is ") ? null : value,
        button("Remove", () => { view.filters.splice(index, 1); restart(); filterBar(); }),
        by[one.column] && !(by[one.column].indexed && ["=", "<", "<=", ">", ">="].includes(one.test)) ? h("span", { class: "tag" }, "scan") : h("span", { class: "tag" }, "index"));
    }), h("div", { class: "row" }, button("Add a filter", () => { view.filters.push({ column: table.columns[0].name, test: "=", value: "" }); filterBar(); })));
  }

  fill(content, h("h2", {}, table.name, table.auth ? h("span", { class: "tag" }, "auth") : null, table.declared ? null : h("span", { class: "tag" }, "not declared")),
    structure(table, address), actions, bar, views, h("div", { class: "row" }, state, scanButton), place, pages, sql);
  acts();
  filterBar();
  return load().then(() => null);
}

function parsed(text, column) {
  if (["json", "geo", "vector"].includes(column.kind) || column.list) {
    try { return JSON.parse(text); } catch { return text; }
  }
  return text;
}

const typeText = (column) => `${column.type}${column.list ? "[]" : ""}${column.nullable ? "?" : ""}${column.table ? ` → ${column.table}` : ""}`;

function structure(table, address) {
  return h("details", {}, h("summary", {}, `${plural(table.columns.length, "column")}, ${plural(table.indexes.length, "index", "indexes")}`),
    h("ul", { class: "plain" }, table.columns.map((column) => h("li", {}, h("code", {}, column.name), ` ${typeText(column)} `,
      column.values?.length ? h("span", { class: "soft" }, column.values.join(", ")) : null, column.table ? h("a", { href: address(column.table) }, column.table) : null,
      column.hidden ? h("span", { class: "tag" }, "internal") : null, column.description ? h("span", { class: "soft" }, ` ${column.description}`) : null))),
    h("ul", { class: "plain" }, table.indexes.map((one) => h("li", {}, `${one.unique ? "unique " : ""}${one.kind} `, h("code", {}, one.columns.map(([name, way]) => `${name} ${way}`).join(", "))))),
    table.file ? button("Copy the file's name", () => copy(table.file, "The name")) : null);
}

function quoted(value) {
  const text = value == null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
