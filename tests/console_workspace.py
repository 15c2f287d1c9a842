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
