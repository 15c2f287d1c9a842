query names verb=GET {
  api_group = "Pet store"

  input {
    text label?
  }

  stack {
    db.query "pet-tag" {
      where = $db.pet_tag.label ==? $input.label
      sort = {pet_tag.label: "asc"}
      return = {type: "list"}
    } as $tags

    db.query "vet visit" {
      where = $db.vet_visit.reason != null
      return = {type: "count"}
    } as $visits

    db.add archive_ {
      data = {note: "kept"}
    } as $note

    db.query archive_ {
      where = $db.archive.note == "kept"
      return = {type: "exists"}
    } as $is_kept
  }

  response = {tags: $tags, visits: $visits, kept: $is_kept}
}
