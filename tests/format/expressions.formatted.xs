var $a {
  value = 1 + 2 * -$x - -3 + +$y
}

var $b {
  value = !$x.done && ($y || $z) ?? "none"
}

var $c {
  value = $x == 1 ? "one" : $x == 2 ? "two" : "many"
}

var $d {
  value = $list|map:$$.price|sum
}

var $e {
  value = ($list|count) > 3
}

var $f {
  value = $x
    |get:"key":null
    |first_notnull:0
    |to_int
}

var $g {
  value = {}
    |set:"name":$input.name
    |set:"email":$input.email
}

var $h {
  value = "https://example.com/v1/%s"
    |sprintf:($input.name
      |to_lower
      |url_encode
      |replace:"+":"%20"
      |trim
    )
}

var $i {
  value = [1, 2, 3]|merge:[4, 5]
}

var $j {
  value = (1..5)
}

var $k {
  value = $x.name[0]["odd key"]."other"
}

var $l {
  value = $headers.X-Request-Id
}

var $m {
  value = $x - 1
}

var $n {
  value = math.max(1, 2, ($y|count))
}

var $o {
  value = !int "5"
}

var $p {
  value = [...$a, {...$b, !old: 1}]
}

var $q {
  value = $x|!trim|substr:1:($x ? 2 : 3):4
}

var $r {
  value = "a" ~ $b ~ "c" ++ "d"
}

var $s {
  value = (
    $first_condition_of_all == true && $second == 2
    || $third == 3
  )
}

var $t {
  value = (
    $a
    ? "yes"
    : "no"
  )
}

var $u {
  value = "Short"|trim
}

db.query pet {
  where = $db.pet.age between 1:5 && $db.pet.kind not in ["cat", "dog"] || $db.pet.name includes? $input.search
  sort = {"pet.age": "asc", name: "desc"}
  return = {type: "list", paging: {page: $input.page, per_page: 25}}
} as $pets

array.find ($pets) if ($this.age > 3) as $old
