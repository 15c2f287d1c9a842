// The keys of the cache behind redis.*.

import { button, complain, field, fill, h, json, plural } from "./dom.js";
import { get, newest, post } from "./api.js";

export async function show(main, parts, query) {
  const match = h("input", { type: "search", value: query.get("match") || "*", class: "mono" });
  const list = h("ul", { class: "side", "aria-label": "Keys" });
  const place = h("div", {});
  const state = h("p", { class: "soft", role: "status" });
  const [askList, askKey] = [newest(), newest()];
  const load = async () => {
    const isNewest = askList();
    try {
      const found = await get("cache", { match: match.value.trim() || "*" });
      if (!isNewest()) return;
      state.textContent = `${plural(found.all, "key")}${found.all > found.keys.length ? `, the first ${found.keys.length} shown` : ""}${found.server ? ", on the Redis server" : ""}.`;
      fill(list, found.keys.map((key) => h("li", {}, h("button", { type: "button", class: "link mono", onclick: () => look(key) }, key))));
      list.hidden = !found.keys.length;
    } catch (error) { complain(error); }
  };
  async function look(key) {
    const isNewest = askKey();
    const found = await get("cache/key", { key }).catch((error) => { complain(error); return null; });
    if (!found || !isNewest()) return;
    const text = h("textarea", { class: "mono", rows: 6, value: JSON.stringify(found.value, null, 2) });
    fill(place, h("h2", { class: "mono" }, key), json(found.value ?? null, 3), field("Value as JSON", text), h("div", { class: "row" },
      button("Store", async () => { await post("cache/set", { key, value: text.value }).catch(complain); look(key); }, { class: "main" }),
      button("Delete", async () => { await post("cache/delete", { key }); fill(place); load(); }, { class: "danger" })));
  }
  fill(main, h("div", { class: "head" }, h("h1", {}, "Cache")),
    h("form", { class: "filters", onsubmit: (event) => { event.preventDefault(); load(); } }, field("Keys like", match, { class: "field wide" }), h("button", { type: "submit" }, "Find")), state,
    h("div", { class: "columns" }, list, place));
  await load();
  if (parts[0]) look(parts[0]);
}
