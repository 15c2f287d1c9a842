query left_over verb=GET {
  api_group = "Pet store"

  input {
    text step?
  }

  stack {
    function.run left_over {
      input = {step: $input.step}
    } as $left
  }

  response = $left
}
