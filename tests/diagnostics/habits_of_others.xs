var $list { value = 0x10 }
foreach ($list as $item) {
  each as $item {
  }
}
$x = function.run "y" {
  input = {a: 1_000}
}
debug.log { value = 2nd }
function.run "y" {
  input = {a: 'it''s'}
} as $a debug.log { value = "b" }
conditional {{
  if ($list) {
  }
}
