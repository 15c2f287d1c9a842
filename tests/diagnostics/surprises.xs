// Programs that run, but not as they seem to.
function surprises {
  input {
    int n?
    text name?
    text? note?
    text[] list?
    bool flag
  }
  stack {
    var $output { value = 1 }
    var $result { value = $output }
    var $unused { value = 1 }
    var $a { value = $input.name ?? "nobody" }
    var $a { value = $input.note ?? "fine" }
    var $a { value = $input.list ?? [] }
    var $a { value = $input.n == null }
    var $a { value = $input.note === null }
    var $a { value = $input.name || "nobody" }
    var $a { value = $input.name || $result.name }
    var $a { value = $input.flag || $input.n > 1 }
    var $a { value = $input.n > 9 || $input.n > 1 && $input.flag }
    var $a { value = now + 60 }
    var $a { value = "a" ?? "b" }
    var $a { value = {"0": "low", "1": "mid"} }
    var $a { value = {$input: 1} }
    var $a { value = total }
    var $a { value = $input.n == None }
    var $a { value = $input.n ==? 1 }
    var $a { value = "/\s+/" }
    var $a { value = 0042 }
    var $a { value = "x" ? 1 : 2 }
    var $a { value = $ }
    var $a { value = [two words, "b"] }
    var $a { value = `no, expression` }
    var $a {
      value = $input.n // 2
    }
    var $a {
      value = $input.n > 1
        && $input.flag
    }
    debug.log { value = $a ~ $early ~ $never ~ $input.nmae }
    var $early { value = 1 }
    throw { name = "A" value = "b" }
    debug.log { value = 2 }
  }
  response = -$input.n|abs
}
