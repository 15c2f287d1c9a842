// Statements whose head is not well formed; what stands in their braces is checked all the same.
function heads {
  input {
    int n
    text[] list
  }
  stack {
    conditional {
      if $input.n == 1 {
        debug.logg { value = 1 }
      }
      else if ($input.n == 2) {
        debug.logg { value = 2 }
      }
    }
    foreach $input.list {
      each as item {
        debug.logg { value = 3 }
      }
    }
    while $input.n < 3 {
      each {
        break
      }
    }
    switch ($input.n) {
      case 1 {
      } break
      default: {
      }
    }
    var x { value = 1 }
    var $x = 1
    var $x.y { value = 1 }
    var.update $input.n { value = 1 }
    var ($x) { value = 1 }
    var { value = 1 }
    return $input.n + 1
    return 0
    debug.log ("a", 1)
    debug.log ("a")
    precondition $input.n > 0 { error = "no" }
    array.find ($input.list) as $found
    array.map ($input.list) if ($this) { by = $this } as $mapped
    array.push $x { value = 1 } as $y
    db.get { field_name = "id", field_value = 1 } as $row
    db.query 48 as $rows
    db.get ("t") { field_name = "id", field_value = 1 } as $row
    security.create_uuid as id
    security.create_uuid "a" as $id
    function.run half verb=GET as $half
    debug.log { value = 1 } debug.log { value = 2 }
    debug.log { value = 1 } break
    debug.log {
      value: 1
    }
    throw {
      name = "A",
      value = "b"
    }
    "just a text"
    response $x
  }
  response = null
}
