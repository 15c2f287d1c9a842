// Filters: names, arguments, places, types.
function filters {
  input {
    text t
    text[] list
    json data
  }
  stack {
    var $x { value = $input.list|length }
    var $x { value = $input.data|has_key:"a" }
    var $x { value = $input.t|lowercase }
    var $x { value = $input.t|to_uper }
    var $x { value = $input.t|zzzz }
    var $x { value = $input.t|ord }
    var $x { value = $input.t|startsWith:"a" }
    var $x { value = $input.data|set:"a" }
    var $x { value = $input.t|to_lower:1 }
    var $x { value = $input.t|substr:1:2:3 }
    var $x { value = $input.t|cosine_distance:[1] }
    var $x { value = $input.t|count }
    var $x { value = $input.list|strlen }
    var $x { value = [1, 2]|contains:1 }
    var $x { value = $input.list|map:"return $this" }
    var $x { value = $input.list|lambda_map:$$ * 2 }
    var $x { value = $input.list|reduce:0:$$ + $result }
    var $x { value = $input.list|sort:"":"int" }
    var $x { value = $input.t|regex_matches:"/a/" }
    var $x { value = now|format_timestamp:"YYYY-MM-DD" }
    var $x { value = $input.data|get:"n" > 2 }
    var $x { value = $input.data|get:"n" ?? 0 }
    var $x { value = !$input.data|has:"n" }
    var $x { value = {a: $input.t|to_lower, b: 1} }
    var $x { value = (|uuid) }
    var $x { value = `$input.list|count > 0` }
    db.query crate {
      where = $db.crate.label|starts_with:"T"
      eval = {n: $db.crate.label|md5}
    } as $x
    debug.log { value = $x }
  }
  response = null
}
