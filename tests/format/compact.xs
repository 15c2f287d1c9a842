function "pets/adopt" {
  description = "Give a pet a home"
  input { int pet_id  filters=min:1
    int owner_id { description = "Who takes it home" }
    bool urgent?=false
  }
  stack {
    db.get pet { field_name = "id", field_value = $input.pet_id } as $pet
    precondition ($pet!=null) { error_type = "notfound" error = "No such pet" }
    var $fee { value = 0 }
    conditional { if ($input.urgent) { var.update $fee { value = 25 } } elseif ($pet.age>10) { var.update $fee { value = 5 } } else { var.update $fee { value = 10 } } }
    foreach ($pet.vaccinations|sort:"date") { each as $shot { continue } }
    switch ($pet.kind) {
      case ("cat") { math.add $fee { value = 1 } } break
      default { }
    }
    try_catch { try { debug.stop { value = $fee } } catch { debug.log { value = $error.message } } }
  }
  response = {
    pet: $pet,
    fee: $fee
  }
  test "costs ten" { 
    input = { pet_id: 1, owner_id: 2 }
    expect.to_equal ($response.fee) { value = 10 } }
}
