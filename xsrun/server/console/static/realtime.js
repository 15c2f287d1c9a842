// Realtime channels: the latest messages as they come, and a small client that publishes.

import { field, fill, h, json, plural, select, tell, time } from "./dom.js";
import { get, post } from "./api.js";

export async function show(main, parts) {
  let channel = parts[0] || "";
  const list = h("ul", { class: "plain" });
  const state = h("p", { class: "soft", role: "status" });
  const names = h("datalist", { id: "channels" });
  const filter = h("span", {});
  let known = "";
  const load = async () => {
    const found = await get("realtime", { channel });
    if (JSON.stringify(found) === known) return;
    known = JSON.stringify(found);
    fill(names, found.channels.map((one) => h("option", { value: one })));
    fill(filter, field("Channel", select([["", "all"], ...found.channels], channel, (value) => { channel = value; known = ""; load(); })));
    state.textContent = `${plural(found.messages.length, "message")}.`;
    fill(list, found.messages.map((one) => h("li", {}, time(one.at), " ", h("strong", {}, one.channel), one.event ? h("span", { class: "tag" }, one.event) : null, one.auth_id ? h("span", { class: "tag" }, `for ${one.auth_table} ${one.auth_id}`) : null, json(one.data ?? null, 1))));
  };
  const to = h("input", { type: "text", list: "channels", value: channel, required: true });
  const data = h("textarea", { class: "mono", rows: 4, value: "{\"hello\": true}" });
  const send = async (event) => {
    event.preventDefault();
    try { await post("realtime", { channel: to.value.trim(), data: data.value }); known = ""; load(); } catch (error) { tell(error.message, true); }
  };
  fill(main, h("div", { class: "head" }, h("h1", {}, "Realtime"), filter),
    h("form", { class: "stack", onsubmit: send }, field("Publish in", to), field("Data, as JSON", data), h("div", { class: "row" }, h("button", { type: "submit", class: "main" }, "Publish"))), names, state, list);
  await load();
  const timer = setInterval(() => { if (!document.hidden) load().catch(() => {}); }, 1500);
  return () => clearInterval(timer);
}
