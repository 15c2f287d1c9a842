// The values of $env that programs see; secrets are masked.

import { fill, h, plural, table } from "./dom.js";
import { get } from "./api.js";

export async function show(main) {
  const { values, file } = await get("environment");
  fill(main, h("div", { class: "head" }, h("h1", {}, "Environment")),
    h("p", { class: "soft" }, `${plural(values.length, "value")} of $env${file ? ", some of them from the .env file beside the workspace" : ""}.`),
    values.length ? table(["Name", "Value"], values.map((one) => h("tr", {}, h("td", { class: "mono" }, one.name), h("td", { class: "mono" }, one.value, one.secret ? h("span", { class: "tag" }, "secret") : null))), { label: "Environment" })
      : h("p", { class: "empty" }, "Programs see no values of their own. A .env file beside the workspace gives them some."));
}
