// Objects and lists that are not well formed.
function literals {
  input {
    text key
    text a
  }
  stack {
    var $x { value = [1 2 3] }
    var $x { value = ["a" "b"] }
    var $x { value = [1,, 2] }
    var $x { value = {a: 1 b: 2} }
    var $x { value = {a = 1, b: 2} }
    var $x { value = {a: , b: 2} }
    var $x { value = {a} }
    var $x { value = {, a: 1} }
    var $x { value = {($input.key): 1} }
    var $x { value = {a: 1, a: 2} }
    var $x { value = """one line""" }
    var $x { value = 2026-02-30 10:00:00+0000 }
    var $x {
      value = {
        good: 1
        bad 2
        fine: [1, ...]
        worse = 3
      }
    }
    debug.log { value = $x }
  }
  response = null
}
