// Above the construct.
//   indented text stays
function remarks { // after the brace
  // first in the body
  input { // after input
    int a // about a

    // about b
    text b

    text c
    // last in input
  }

  stack {
    // alone above
    var $x {
      value = 1
    } // after a block

    // two blank lines above me

    // and one above me
    var $y {
      // above an attribute
      value = { // after an object's brace
        a: 1 // one
        // above b
        b: [ // after a list's bracket
          1 // first
          2
        ]
        // last in the object
      }
    }

    var $z {
      value = $x
        // above a filter
        |add:1
        // above another
        |add:2 // after it
    }

    precondition (
      $x == 1 // in the middle
      && $y != 2
    ) {
      error = "no"
    }

    conditional {
      // above if
      if ($x == 1) {
        // nothing but this
      }

      // above else
      else {
      } // after else
    }

    // last in the stack
  }

  response = $x //tight
  // last in the function
}

// after everything
