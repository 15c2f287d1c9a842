// Requests as tests: the text is shown and was tried before it is saved.

import { button, dialog, field, fill, h, pre, tell, words } from "./dom.js";
import { post } from "./api.js";
import { forget } from "./source.js";

function saving(title, ask, about, name) {
  const wanted = h("input", { type: "text", value: name, required: true });
  const place = h("div", { "aria-live": "polite" });
  const again = async (save, close) => {
    fill(place, h("p", { class: "soft" }, "Trying it..."));
    try {
      const found = await ask(wanted.value.trim(), save);
      const passes = found.outcome.status === "pass";
      if (save) {
        forget();
        tell(`The test is saved in ${found.file}.`);
        close();
        return;
      }
      fill(place, h("p", { class: passes ? "good" : "bad" }, passes ? "It passes." : `It does not pass: ${found.outcome.message}`),
        found.mocks ? h("p", { class: "soft" }, `What the query asked of the world is mocked in ${found.mocks} of its statements.`) : null,
        h("p", { class: "mono soft" }, found.file), pre(found.test, { "aria-label": "Text of the test" }),
        h("div", { class: "row" }, button(passes ? "Save" : "Save it all the same", () => again(true, close), { class: "main" }), button("Cancel", close)));
    } catch (error) {
      fill(place, h("p", { class: "bad", role: "alert" }, words(error)));
    }
  };
  dialog(title, (close) => {
    queueMicrotask(() => { if (wanted.value) again(false, close); });
    return [h("p", { class: "soft" }, about),
      h("form", { class: "row", onsubmit: (event) => { event.preventDefault(); again(false, close); } }, field("Name", wanted), h("button", { type: "submit" }, "Show")),
      place, button("Close", close, { class: "quiet" })];
  });
}

export function saveUnit(one) {
  const path = one.query.split(" ").slice(2).join(" ");
  const name = one.failed ? `${path} refuses: ${one.error.slice(0, 40)}` : `${path} answers ${one.status}`;
  saving("Save as a unit test", (name, save) => post(`request/${one.number}/test`, { name, save }),
    "It runs the query with this input. What the query got from tables and other servers stands beside these statements as mocks.", name);
}

export function saveWorkflow(numbers) {
  saving("Save as a workflow test", (name, save) => post("tests/workflow", { numbers, name, save }),
    "It sends these requests in their order to an empty database. Nobody is signed in there, as on Xano.", `requests ${numbers.sort((a, b) => a - b).join(" ")}`);
}
