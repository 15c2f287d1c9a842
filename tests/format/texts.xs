function texts {
    description = """
      Margins go with the block,

        what is deeper stays deeper.
      """
    input {
    }
    stack {
      api.lambda {
        code = '''
  const a = 1;
    return a;
        '''
        timeout = 3
      } as $a
      var $b { value = ```
          $a
            + 2
        ```|to_int }
      var $c { value = `$a   +   1` }
      var $d { value = {text: """
        In an object.
        """, other: 1} }
      var $e { value = "\t// no comment | {" ~ '"' }
    }
    response = $a
}
