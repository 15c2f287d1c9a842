// Operators and signs of other languages, and what to write instead.
function signs {
  input {
    int a
    int b
    text[] list
    text t
  }
  stack {
    var $x { value = $input.a & $input.b }
    var $x { value = $input.a ^ 2 }
    var $x { value = $input.a ** 2 }
    var $x { value = $input.a <> $input.b }
    var $x { value = $input.t =~ "a" }
    var $x { value = $input.a and $input.b }
    var $x { value = not $input.a }
    var $x { value = $input.list|map:(v) => v * 2 }
    var $x { value = $input.list|get(0) }
    var $x { value = $input.list|slice:0, 2 }
    var $x { value = $input.list|count > 0 }
    var $x { value = "n=" ~ $input.a|to_text ~ "!" }
    var $x { value = 1 < $input.a < 9 }
    var $x { value = $input.a == }
    var $x { value = == $input.a }
    var $x { value = $input.a $input.b }
    var $x { value = $input.t|}
    var $x { value = $input.t|get: }
    var $x { value = $input.t.}
    var $x { value = $input.list[] }
    var $x { value = () }
    var $x { value = “curly” }
    var $x { value = 1; }
    var $x {
      value = $input.a
        + $input.b
    }
    # a comment
    /* another
       one */
    $x += 1
    $x++
    $x = 2
    debug.log { value = $x }
  }
  response = null
}
