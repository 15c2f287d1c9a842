// A precondition whose condition was taken out in the editor
function no_condition {
  input {
    bool is_reached?
  }

  stack {
    conditional {
      if ($input.is_reached) {
        precondition () {
          error_type = "notfound"
        }
      }
    }
  }

  response = "passed by"
}
