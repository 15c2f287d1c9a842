// A client of a realtime channel, as an app has one: it joins, sees who is there and what is said, and speaks.

import { button, field, fill, h, json, plural, time } from "./dom.js";

const MOST = 200;
const KINDS = { message: "message", event: "event", history: "history", error: "error", join: "joined", leave: "left" };

// Who a message comes from, in words.
function who(client) {
  const { row_id: row, dbo_id: table } = client.permissions || {};
  const name = client.socketId ? `client ${String(client.socketId).slice(0, 8)}` : "the server";
  return row ? `${name}, row ${row} of table ${table}` : name;
}

// `address` gives where channels are, `channels` names the list of those that are known.
export function client(address, channels) {
  let socket = null;
  let present = [];
  const channel = h("input", { type: "text", list: channels, required: true, maxlength: 1000 });
  const token = h("input", { type: "password", autocomplete: "off", placeholder: "none: anonymous" });
  const presence = h("input", { type: "checkbox", checked: true });
  const history = h("input", { type: "checkbox", checked: true });
  const text = h("textarea", { class: "mono", rows: 3, value: "{\"hello\": true}" });
  const state = h("p", { class: "soft", role: "status" }, "Not connected.");
  const people = h("ul", { class: "plain", "aria-label": "Who is there" });
  const said = h("ul", { class: "plain", "aria-label": "What the channel says", "aria-live": "polite" });
  const join = h("button", { type: "submit", class: "main" }, "Join");
  const leave = button("Leave", () => end("Left."), { disabled: true });
  const speak = h("button", { type: "submit", class: "main", disabled: true }, "Send");

  function open(on) {
    join.disabled = on;
    leave.disabled = speak.disabled = !on;
  }

  function end(words) {
    const old = socket;
    socket = null;
    if (old) old.close();
    open(false);
    present = [];
    fill(people);
    state.textContent = words;
  }

  function note(kind, from, value) {
    said.prepend(h("li", {}, time(Date.now()), " ", h("strong", { class: kind === "error" ? "bad" : "" }, KINDS[kind] || kind),
      from ? h("span", { class: "tag" }, from) : null, value === undefined || value === null ? null : json(value, 1)));
    while (said.children.length > MOST) said.lastChild.remove();
  }

  function showPeople(list) {
    present = list;
    fill(people, present.map((one) => h("li", {}, who(one))));
    state.textContent = `Joined ${channel.value}; ${plural(present.length, "other client")} there.`;
  }

  const takes = {
    join: () => { open(true); state.textContent = `Joined ${channel.value}.`; },
    presence_full: (given) => showPeople(given.payload.presence),
    presence_update: ({ payload }) => {
      const others = present.filter((one) => one.socketId !== payload.presence.socketId);
      showPeople(payload.action === "join" ? [...others, payload.presence] : others);
      note(payload.action, who(payload.presence));
    },
    history: (given) => { for (const one of [...given.payload].reverse()) note("history", one.client ? who(one.client) : "", one.payload ?? one); },
    error: (given) => { note("error", "", given.payload.message); if (!leave.disabled) return; end(given.payload.message); },
  };

  function begin(event) {
    event.preventDefault();
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    let made;
    try {
      made = new WebSocket(`${scheme}://${location.host}${address()}`, token.value.trim() ? [token.value.trim()] : []);
    } catch {
      end("This is not a token.");
      return;
    }
    socket = made;
    join.disabled = true;
    state.textContent = "Connecting...";
    const send = (action, payload) => made.send(JSON.stringify({ action, options: { channel: channel.value.trim() }, payload }));
    made.addEventListener("open", () => send("join", { presence: presence.checked, history: history.checked }));
    made.addEventListener("message", (got) => {
      if (socket !== made) return;
      const given = JSON.parse(got.data);
      const take = takes[given.action];
      if (take) take(given);
      else note(given.action, who(given.client || {}), given.payload);
    });
    made.addEventListener("close", () => { if (socket === made) end("The server has closed the connection."); });
    made.say = (payload) => send("message", payload);
  }

  function say(event) {
    event.preventDefault();
    let payload = text.value;
    try { payload = JSON.parse(payload); } catch { /* what is not JSON is sent as a text */ }
    if (socket) socket.say(payload);
  }

  const element = h("section", {}, h("h2", {}, "As a client"),
    h("form", { class: "row", onsubmit: begin }, field("Channel to join", channel, { class: "field wide" }), field("Token of an auth table", token, { class: "field wide" }),
      field("See who is there", presence), field("What was said", history), join, leave),
    state, people,
    h("form", { class: "stack", onsubmit: say }, field("Message, as JSON or text", text), h("div", { class: "row" }, speak)), said);
  return { element, close: () => end("") };
}
