// A bare list of statements, as documentation shows them.
var $x {
  value = 1
}
debug.log { vlaue = $x }
if ($x) {
}
