// Parentheses with nothing in them: an export has them behind `precondition`, nothing else takes them.
function nothing {
  input {
    int n
  }
  stack {
    conditional {
      if () {
      }
      elseif ( ) {
      }
    }
    while () {
      each {
      }
    }
    foreach () {
      each as $item {
      }
    }
    switch () {
      case () {
      } break
    }
    var () { value = 1 }
    function.run () as $a
    debug.log { value = () }
    precondition (()) {
      error = "n"
    }
    conditional {
      if ($input.n == 1) {
        precondition () {
          error_type = "notfound"
        }
      }
    }
  }
  response = ()
}
