// Comments that the import refuses: behind an input.
function comments {
  input {
    text a? // behind
    // above
    text b? {
      description = "b" // inside
    } // behind the block
    int[] c? filters=min:1
    text d?="// none" //close
  }
  stack {
  }
  response = [$input.a, $input.b, $input.c, $input.d] // at the end
}
