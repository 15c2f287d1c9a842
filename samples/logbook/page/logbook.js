"use strict";
// A page for the logbook: xsrun serve samples/logbook --static samples/logbook/page

const $ = (selector) => document.querySelector(selector);
let token = sessionStorage.getItem("token");

// A query's answer; errors are told on the page.
async function call(verb, path, body) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  if (body && !(body instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  const reply = await fetch(path, { method: verb, headers, body });
  const answer = await reply.json();
  $("#told").textContent = reply.ok ? "" : answer.message;
  if (!reply.ok) throw new Error(answer.message);
  return answer;
}

async function list() {
  const { items } = await call("GET", "/api:logbook/entries");
  $("#entries").replaceChildren(...items.map(shown));
}

function shown(entry) {
  const item = document.createElement("li");
  item.append(`${entry.text} (${entry.weather}${entry.miles === null ? "" : `, ${entry.miles} miles`}) `);
  const chart = document.createElement("input");
  chart.type = "file";
  chart.setAttribute("aria-label", `Chart of ${entry.text}`);
  const note = document.createElement("span");
  chart.addEventListener("change", async () => {
    const form = new FormData();
    form.append("chart", chart.files[0]);
    const read = await call("POST", `/api:logbook/entries/${entry.id}/chart`, form);
    note.textContent = ` ${read.name}: ${read.size} bytes`;
  });
  item.append(chart, note);
  return item;
}

// Entries that others write, or the same sailor elsewhere, come by themselves.
function follow() {
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}/rt/logbook`, token);
  socket.addEventListener("open", () => socket.send(JSON.stringify({ action: "join", options: { channel: "written" }, payload: {} })));
  socket.addEventListener("message", ({ data }) => {
    const { action } = JSON.parse(data);
    if (action === "join") $("#live").textContent = "live";
    else if (action === "event" || action === "message") list();
  });
  socket.addEventListener("close", () => {
    $("#live").textContent = "not live";
    setTimeout(follow, 1000);
  });
}

async function enter() {
  const sailor = await call("GET", "/api:account/me");
  $("#who").textContent = sailor.name;
  $("#enter").hidden = true;
  $("main").hidden = false;
  await list();
  follow();
}

$("#enter").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(event.target));
  if (event.submitter.value === "login") delete given.name;
  token = (await call("POST", `/api:account/${event.submitter.value}`, given)).authToken;
  sessionStorage.setItem("token", token);
  await enter();
});

$("#write").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { text, weather, miles } = Object.fromEntries(new FormData(event.target));
  await call("POST", "/api:logbook/entries", { text, weather, miles: miles === "" ? null : Number(miles) });
  event.target.reset();
  await list();
});

if (token) enter();
