"""A small workspace for the tests of the console: something of everything, some of it hostile or wrong."""

from __future__ import annotations

HOSTILE = "<img src=x onerror='alert(1)'><script>alert(2)</script>"

FILES = {
    "table/user.xs": """table user {
  auth = true
  schema {
    int id
    text name
  }
}
""",
    "function/add.xs": """function add {
  input {
    int a
    int b?=2
  }
  stack {
    var $sum {
      value = $input.a + $input.b
    }
    conditional {
      if ($sum > 100) {
        var $sum {
          value = 100
        }
      }
    }
  }
  response = $sum

  test "small" {
    input = {a: 1}
    expect.to_equal ($response) {
      value = 3
    }
  }

  test "wrong" {
    input = {a: 1, b: 1}
    expect.to_equal ($response) {
      value = 3
    }
  }
}
""",
    "function/who.xs": """function who {
  input {
    object person? {
      schema {
        text name
        file? picture
      }
    }
  }
  stack {
    debug.log {
      value = $env.GREETING
    }
    storage.read_file_resource {
      value = $input.person.picture
    } as $file
  }
  response = {id: $auth.id, name: $input.person.name, data: $file.data}
}
""",
    "function/mail.xs": """function mail {
  input {
    text html
  }
  stack {
    util.send_email {
      service_provider = "xano"
      subject = "Hello <b>you</b>"
      message = $input.html
      to = "ann@example.com"
      from = "me@example.com"
    }
  }
  response = null
}
""",
    "function/keep.xs": f"""function keep {{
  input {{
  }}
  stack {{
    redis.set {{
      key = "n"
      data = {{a: 1}}
      ttl = 0
    }}
    redis.push {{
      key = "list"
      value = 7
    }}
    storage.create_file_resource {{
      filename = "page.html"
      filedata = "{HOSTILE}"
    }} as $made
    storage.create_attachment {{
      value = $made
      access = "private"
      filename = "page.html"
    }} as $file
    api.realtime_event {{
      channel = "harbour"
      data = {{bell: true}}
      auth_table = ""
      auth_id = ""
    }}
  }}
  response = $file
}}
""",
    "task/tidy.xs": """task tidy {
  stack {
    db.add user {
      data = {name: "made by a task"}
    } as $user
  }
  schedule = [{starts_on: 2026-01-01 02:00:00+0000, freq: 86400}]
}
""",
    "table_trigger/seen.xs": """table_trigger seen {
  table = "user"
  input {
    json new
    json old
    enum action {
      values = ["insert", "update", "delete", "truncate"]
    }
    text datasource
  }
  stack {
    debug.log {
      value = $input.new.name
    }
  }
  actions = {insert: true}
}
""",
    "function/odd.xs": """function odd {
  input {
  }
  stack {
    conditional {
      if (true) {
      }
      else if (false) {
      }
    }
  }
  response = null
}
""",
}

#: The same with HOSTILE in place of names and texts.
HOSTILE_FILES = {
    "table/hostile.xs": """table HOSTILE {
  schema {
    int id
    text name
  }
}
""",
    "function/hostile.xs": """function HOSTILE {
  input {
    text a? {
      description = HOSTILE
    }
  }
  stack {
    var $x {
      value = HOSTILE
    }
    throw {
      name = HOSTILE
      value = HOSTILE
    }
  }
  response = $x
}
""",
    "api/group.xs": """api_group "Odd" {
  canonical = "odd"
  description = HOSTILE
}
""",
    "api/page.xs": """query page verb=GET {
  api_group = "Odd"
  input {
    text q?
  }
  stack {
    debug.log {
      value = HOSTILE
    }
    util.set_header {
      value = "Content-Type: text/html"
      duplicates = "replace"
    }
  }
  response = HOSTILE
}
""",
}

#: A page of another origin that tries the console at the address in place of TARGET.
ATTACK = """<!doctype html><title>elsewhere</title><body><script>
window.told = [];
const note = (name, result) => window.told.push([name, String(result)]);
async function attempt(name, path, options) {
  try {
    note(name, (await (await fetch("TARGET" + path, options)).text()).length);
  } catch (error) { note(name, "refused"); }
}
async function attack() {
  for (const [method, path] of [["GET", "requests"], ["POST", "requests/clear"], ["POST", "run"]]) {
    const body = method === "GET" ? undefined : "{}";
    for (const headers of [{}, {"X-Xsrun-Console": "x"}, {"Content-Type": "text/plain"}]) {
      await attempt(path, "/xsrun/api/" + path, {method, headers, body, credentials: "include"});
    }
    await fetch("TARGET/xsrun/api/" + path, {method, body, mode: "no-cors", credentials: "include"}).catch(() => 0);
  }
  await attempt("page", "/xsrun/", {credentials: "include"});
  const frame = document.createElement("iframe");
  frame.src = "TARGET/xsrun/";
  frame.onload = () => {
    try { note("frame", frame.contentDocument.title); } catch (error) { note("frame", "refused"); }
    window.done = true;
  };
  document.body.append(frame);
}
attack();
</script>"""
