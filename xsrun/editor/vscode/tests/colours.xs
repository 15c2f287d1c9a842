// SYNTAX TEST "source.xanoscript" "what editors colour"
// A comment.
// <-- comment.line.double-slash.xanoscript
query "items/{item_id}" verb=GET {
// <----- storage.type.construct.xanoscript
//    ^^^^^^^^^^^^^^^^^ string.quoted.double.xanoscript
  api_group = "shop"
//^^^^^^^^^ entity.other.attribute-name.xanoscript
//          ^ keyword.operator.assignment.xanoscript

  input {
//^^^^^ keyword.control.xanoscript
    int item_id filters=min:1
//  ^^^ storage.type.field.xanoscript
//      ^^^^^^^ variable.parameter.xanoscript
    text[] tags?
//  ^^^^ storage.type.field.xanoscript
//         ^^^^ variable.parameter.xanoscript
//             ^ keyword.operator.optional.xanoscript
  }

  stack {
    db.query item {
//  ^^^^^^^^ support.function.statement.xanoscript
      where = $db.item.id == $input.item_id && $db.item.name includes? "x"
//            ^^^ variable.other.xanoscript
//               ^^^^^ variable.other.property.xanoscript
//                        ^^ keyword.operator.xanoscript
//                                          ^^ keyword.operator.xanoscript
//                                                           ^^^^^^^^^ keyword.operator.word.xanoscript
//                                                                     ^^^ string.quoted.double.xanoscript
    } as $items
//    ^^ keyword.operator.word.xanoscript
//       ^^^^^^ variable.other.xanoscript
    conditional {
//  ^^^^^^^^^^^ keyword.control.xanoscript
      if (($items|count) > 10.5) {
//    ^^ keyword.control.xanoscript
//               ^^^^^^ support.function.filter.xanoscript
//                         ^^^^ constant.numeric.xanoscript
        var $found { value = {a: true, b: `$items|first`, c: 'it\'s'} }
//      ^^^ support.function.statement.xanoscript
//                            ^ support.type.property-name.xanoscript
//                               ^^^^ constant.language.xanoscript
//                                         ^^^^^^ string.interpolated.xanoscript variable.other.xanoscript
//                                                              ^^ constant.character.escape.xanoscript
      }
    }
  }

  response = $items
//^^^^^^^^ entity.other.attribute-name.xanoscript
}
