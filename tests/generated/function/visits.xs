function visits {
  input {
    text label
  }

  stack {
    db.add "pet-tag" {
      data = {label: $input.label}
    } as $tag

    db.add "vet visit" {
      data = {pet_id: $tag.id, reason: "teeth"}
    } as $visit
  }

  response = $visit.reason
}
