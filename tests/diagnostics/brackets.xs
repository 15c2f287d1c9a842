// Brackets and quotes without partner: one fault a construct, each found where it is.
function unclosed_block {
  input {
    int n
  }
  stack {
    conditional {
      if ($input.n > 1) {
        debug.log { value = $input.n }
    }
    debug.log { value = "still read" }
  }
  response = null
}
---
function missing_brace {
  input
    int n
  }
  stack {
    foreach ([1, 2])
      each as $item {
        debug.log { value = $item }
      }
    }
  }
  response = null
}
---
function unclosed_values {
  input {
    int[] list
  }
  stack {
    var $a { value = ($input.list|count }
    var $b {
      value = [1, 2
    }
    var $c { value = {a: 1, b: ($a + 1, c: $b} }
    var $d { value = "no end }
    var $e {
      value = $d ~ 'no end either
    }
    var $f { value = no start" }
    debug.log { value = $input.list) }
    debug.log { value = [$c, $e, $f] }
  }
  response = null
}
---
function text_block {
  input {
  }
  stack {
    var $a {
      value = """
        never closed
    }
  }
  response = null
}
---
function too_many {
  input {
  }
  stack {
    debug.log { value = 1 }
    }
    debug.log { value = 2 }
  }
  response = null
}
}
