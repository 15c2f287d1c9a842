// Lists, filters and a loop.
var $items {
  value = [
    {name: "jar", price: 4, count: 2}
    {name: "lid", price: 1, count: 5}
    {name: "box", price: 9, count: 1}
  ]
}

var $total {
  value = $items|map:$$.price * $$.count|sum
}

var $names {
  value = $items
    |filter:$$.price > 2
    |map:$$.name
    |join:", "
}

foreach ($items) {
  each as $item {
    conditional {
      if ($item.count == 1) {
        var $last_one {
          value = $item.name
        }
      }
    }
  }
}
