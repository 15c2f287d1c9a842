// Realtime channels: the latest messages of programs as they come, a form that publishes, and a client of a channel.

import { complain, field, fill, h, json, plural, select, time } from "./dom.js";
import { get, newest, post } from "./api.js";
import { client } from "./channel.js";

export async function show(main, parts) {
  let channel = parts[0] || "";
  const list = h("ul", { class: "plain" });
  const state = h("p", { class: "soft", role: "status" });
  const names = h("datalist", { id: "channels" });
  const filter = h("span", {});
  let known = "";
  let address = "";
  const talk = client(() => address, "channels");
  const ask = newest();
  const load = async () => {
    const isNewest = ask();
    const found = await get("realtime", { channel });
    if (!isNewest()) return;
    if (JSON.stringify(found) === known) return;
    known = JSON.stringify(found);
    address = found.address;
    fill(names, found.channels.map((one) => h("option", { value: one })));
    fill(filter, field("Channel", select([["", "all"], ...found.channels], channel, (value) => { channel = value; known = ""; load(); })));
    state.textContent = `${plural(found.messages.length, "message")}.`;
    fill(list, found.messages.map((one) => h("li", {}, time(one.at), " ", h("strong", {}, one.channel), one.event ? h("span", { class: "tag" }, one.event) : null, one.auth_id ? h("span", { class: "tag" }, `for ${one.auth_table} ${one.auth_id}`) : null, json(one.data ?? null, 1))));
  };
  const to = h("input", { type: "text", list: "channels", value: channel, required: true });
  const data = h("textarea", { class: "mono", rows: 4, value: "{\"hello\": true}" });
  const send = async (event) => {
    event.preventDefault();
    try { await post("realtime", { channel: to.value.trim(), data: data.value }); known = ""; load(); } catch (error) { complain(error); }
  };
  fill(main, h("div", { class: "head" }, h("h1", {}, "Realtime"), filter),
    h("form", { class: "stack", onsubmit: send }, field("Publish in", to), field("Data, as JSON", data), h("div", { class: "row" }, h("button", { type: "submit", class: "main" }, "Publish"))), names,
    h("h2", {}, "What programs published"), state, list, talk.element);
  await load();
  const timer = setInterval(() => { if (!document.hidden) load().catch(() => {}); }, 1500);
  return () => { clearInterval(timer); talk.close(); };
}
