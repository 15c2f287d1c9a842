// Calls of the console's API. The token comes with the page; a page that is older than the server is loaded again.

const token = document.querySelector("meta[name=xsrun-token]").content;

export class ApiError extends Error {
  constructor(status, body) {
    super(body.message || `The server answered ${status}.`);
    this.status = status;
    this.hint = body.hint;
    this.body = body;
  }
}

export async function call(verb, path, body, signal) {
  const headers = { "X-Xsrun-Console": token };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(`/xsrun/api/${path}`, { method: verb, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { message: "The server does not answer.", hint: "is xsrun still running?" });
  }
  const found = await response.json().catch(() => ({}));
  if (response.status === 403 && !response.ok) offer();
  if (!response.ok) throw new ApiError(response.status, found);
  return found;
}

function offer() {
  const place = document.getElementById("main");
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = "The server was started anew: load the page again.";
  link.addEventListener("click", () => location.reload());
  place.replaceChildren(link);
}

export const get = (path, query = {}, signal) => {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const text = new URLSearchParams(given).toString();
  return call("GET", text ? `${path}?${text}` : path, undefined, signal);
};
export const post = (path, body = {}) => call("POST", path, body);
export const put = (path, body) => call("PUT", path, body);
export const part = encodeURIComponent;

// For what may be asked anew before it is answered: each time it gives what tells whether nothing newer was asked since.
export function newest() {
  let asked = 0;
  return () => {
    const mine = (asked += 1);
    return () => mine === asked;
  };
}
