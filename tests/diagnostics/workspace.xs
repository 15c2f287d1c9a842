// Names that point to other constructs, tables and columns; tests and mocks.
table crate {
  auth = false
  schema {
    int id
    text label
    int owner_id {
      table = "usr"
    }
  }
}
---
table user {
  auth = true
  schema {
    int id
    text name
  }
}
---
api_group main {
  canonical = "m"
}
---
function half {
  input {
    int n
  }
  stack {
  }
  response = $input.n / 2
}
---
function half {
  input {
    int n
  }
  stack {
  }
  response = $input.n
}
---
query crates verb=GET {
  api_group = "mian"
  auth = "users"
  input {
    int n
    dblink {
      table = "crate"
    }
  }
  stack {
    function.run hlaf as $a
    function.run half as $a
    function.run half {
      input = {m: 1}
    } as $a
    db.query crtae as $b
    db.add crate {
      data = {lable: $input.label, id: 1}
    } as $b
    db.get user {
      field_name = "nmae"
      field_value = $input.colour
    } as $b
    db.query crate {
      join = {u: {table: "user", where: $db.crate.owner_id == $db.u.idd}}
      where = $db.crate.lable == "a"
    } as $b
    api.request {
      url = "https://example.com"
      mock = {"gives euros": 1, "gives euro": 2}
    } as $c
  }
  response = [$a, $b, $c]
  test "gives euro" {
    expect.to_equal ($a) { value = 1 }
    debug.log { value = 1 }
    limit = 3
  }
  test "gives euro" {
    expect.to_be_true ($response)
  }
  test {
  }
}
---
workflow_test isolated {
  stack {
    var $n { value = 1 }
    expect.to_throw {
      stack {
        function.call half {
          input = {n: $n}
        } as $x
      }
    }
  }
}
---
run.job "nightly" {
  main = {name: "nigthly", input: {}}
}
