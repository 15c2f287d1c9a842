// The mails that programs sent, as they would look: in a frame of their own without scripts.

import { button, fill, h, pre, tabs } from "./dom.js";
import { get, part } from "./api.js";

export async function show(main, parts) {
  const { mails, kept } = await get("outbox");
  const place = h("div", {});
  fill(main, h("div", { class: "head" }, h("h1", {}, "Outbox"), button("Look again", () => show(main, parts))),
    h("p", { class: "soft" }, kept ? "Nothing leaves this machine: mails are kept here." : "Mails are kept in memory."),
    mails.length ? h("div", { class: "columns" }, h("ul", { class: "side", "aria-label": "Mails" }, mails.map((one) => h("li", {},
      h("a", { class: "row-link", href: `#/outbox/${part(one.id)}`, "aria-current": one.id === parts[0] ? "page" : null }, h("span", {}, one.subject || "(no subject)"), h("span", { class: "soft" }, one.to.slice(0, 30)))))), place)
      : h("p", { class: "empty" }, "No mail was sent yet."));
  if (!parts[0]) return;
  const one = await get(`outbox/${part(parts[0])}`);
  fill(place, pre(one.headers.join("\n"), { "aria-label": "Headers" }),
    tabs("The mail", [["look", "As it looks", () => h("iframe", { class: "mail", sandbox: "", src: one.html, title: "The mail as it looks" })], ["source", "Source", () => pre(one.source)]]));
}
