// Statements by name, attribute and place.
function statements {
  input {
    int n
    text[] list
  }
  stack {
    db.insert user { data = {a: 1} }
    array.length $list
    console.log { value = 1 }
    db.qurey user as $rows
    let $x { value = 1 }
    blah
    if ($input.n > 1) {
      debug.log { vlaue = 1 }
    }
    else {
      debug.log { value = 1, level = 2 }
    }
    elseif ($input.n > 2) {
    }
    each as $i {
    }
    case (1) {
    }
    try {
    }
    stack {
    }
    input {
    }
    test "a" {
    }
    response = 1
    $y = 2
    z = 3
    debug.log
    debug.log {
      value = 1
      value = 2
    }
    debug.log {
      value = 1
      debug.log { value = 2 }
      input {
      }
      value 3
      ...
    }
    var.update $x {
      index = 1
      value = 7
    }
    precondition (true) {
      error_type = 5
      description = $input.n
    }
    db.add crate {
      data = [1]
      output = "id"
      disabled = "no"
    } as $row
    task.call "nightly"
    api.call "x" verb=GET
    ...
  }
  response = null
}
