// Code that runs in the realm of a call, made part by part when a lambda first uses it. Each function is taken as text
// and compiled in that realm: it sees nothing but the `tools` that `realm.js` gives it.

import { buffer } from "./parts/buffer.js";
import { clone } from "./parts/clone.js";
import { console } from "./parts/console.js";
import { crypto } from "./parts/crypto.js";
import { libraries } from "./parts/libraries.js";
import { process } from "./parts/process.js";
import { web } from "./parts/web.js";

export const PARTS = { buffer, clone, console, crypto, libraries, process, web };
