table pet {
  auth = false
  index = [
    {type: "primary", field: [{name: "id"}]}, {type: "btree", field: [{name: "a_name_as_long_as_this", op: "desc"}]},
  ]
  view = {}
  tags = [
    "short"
  ]
}
---
function objects {
  input { }
  stack {
    var $short { value = {
      a: 1,
      b: 2
    } }
    var $just_fits { value = {first_name: $input.first_name, last_nm: $input.last_name} }
    var $one_too_long { value = {first_name: $input.first_name, last_nam: $input.last_name} }
    var $quotes_count { value = {first_name: $input.first_name, last: "abcdefghijklmnop"} }
    var $nested { value = {
      id: 1, "quoted key": {a: {b: [1, 2, 3]}}, long: {street: $input.street, number: $input.number, town: $input.town},

      !disabled: null,
      list: ["a first text that is long", "a second text that is long", "a third"], $variable: now
      ...$rest
    } }
    var $inside { value = $x|merge:{street: $input.street, number: $input.number, town: $input.town, country: "nl"} }
    var $inside_broken { value = $x|merge:{
      street: $input.street, number: $input.number, town: $input.town, country: "nl" } }
    db.add pet { data = { name: $input.name } output = ["id", "name", "a_rather_long_column", "another_rather_long_column"] } as $pet
  }
  response = []
}
