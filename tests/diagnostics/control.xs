// Conditionals, switches, loops.
function control {
  input {
    int n
    text[] list
  }
  stack {
    conditional {
      else {
      }
      if (true == $input.n) {
      }
      if ($input.n) {
      }
      elsif ($input.n) {
      }
      else {
      }
      debug.log { value = 1 }
      value = 1
    }
    conditional {
    }
    conditional {
      if {
      }
      elseif ($input.n = 1) {
      }
    }
    switch ($input.n) {
    }
    switch ($input.n) {
      case (1) {
      }
      default {
      }
      default {
      }
      debug.log { value = 1 }
    }
    for (3) {
      each {
      }
    }
    for (3) {
      debug.log { value = 1 }
      debug.log { value = 2 }
    }
    while ($input.n > 3) {
      each as $i {
      }
      each {
      }
    }
    foreach ($input.list) {
    }
    foreach ($input.list) {
      if ($input.n) {
      }
    }
    try_catch {
      debug.log { value = 1 }
    }
    group {
      debug.log { value = 1 }
    }
    db.transaction {
      stack {
        debug.log { value = 1 }
      } break
    }
    break
    continue
  }
  response = null
}
