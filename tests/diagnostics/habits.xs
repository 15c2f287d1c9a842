// Statements that run, but not as they seem to.
function habits {
  input {
    int n
    text label
    json row
  }
  stack {
    security.create_uuid
    switch ($input.n) {
      case (1) {
        debug.log { value = 1 }
      }
      case (2) {
      }
      case (3) {
        debug.log { value = 3 }
      } break
      default {
      }
    }
    precondition ($input.n > 0) {
      error_type = "tooSmall"
      error = "n"
    }
    while (true) {
      each {
        debug.log { value = 1 }
      }
    }
    for (3) {
      each as $i {
        if ($i == 1) {
          continue
        }
      }
    }
    expect.to_be_true ($input.n > 1)
    throw {
      value = "x"
    }
    db.add crate {
      data = $input.row
    } as $a
    db.bulk.add crate {
      items = [{id: 1, label: "a"}]
    } as $b
    db.get crate {
      field_name = "id"
      field_value = 1
      where = $db.crate.id == 1
    } as $c
    db.query crate {
      where = $db.crate.label ilike "jar"
      sort = {id: "down"}
      return = {type: "frist", paging: {page: 1}}
      output = ["id"]
    } as $d
    try_catch {
      try {
        function.run "x" as $e
      }
      catch {
        var $e { value = "failed: " ~ $error.message }
      }
    }
    function.run "" as $f
    debug.log { value = [$a, $b, $c, $d, $e, $f] }
  }
  response = null
  test "nothing" {
    input = {n: 1}
  }
}
---
query open verb=GET {
  input {
  }
  stack {
    var $me { value = $auth.id }
    throw { name = "A", value = $me }
  }
  response = null
}
---
middleware m {
  exception_policy = "ignore"
  input {
    json vars
  }
  stack {
  }
  response = null
}
