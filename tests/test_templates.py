"""Twig templates: what they mean, what they may not do, and that any text gives a text or an error of the program."""

# ruff: noqa: E501 - a template and what it gives stand on one line

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xsrun
from xsrun.errors import LimitError, XanoScriptError
from xsrun.running.context import Context, Limits
from xsrun.statements.template_filters import render_template

VALUES = {
    "n": 2,
    "f": 1234.5,
    "z": None,
    "no": False,
    "text": "Ann & Bo",
    "names": ["Aud", "Rolf"],
    "o": {"a": 1, "b": [1, 2], "items": "own"},
    "rows": [{"n": "x", "q": 2}, {"n": "y", "q": 3}],
}
NOW = 1_700_000_000_000


def render(text: str, limits: Limits | None = None) -> str:
    context = Context(clock=lambda: NOW, limits=limits, environment={"CITY": "Oslo"})
    environment = {"$var": VALUES, "$input": {"who": "Pia"}, "$env": {"CITY": "Oslo", "$remote_ip": "127.0.0.1"}}
    return render_template(context, text, environment)


MEANINGS = {
    # names and members
    "{{ $var.n }}/{{ $n }}/{{ $input.who }}/{{ $env.CITY }}/{{ $env.$remote_ip }}/{{ $auth.id }}": "2/2/Pia/Oslo/127.0.0.1/0",
    "[{{ nobody }}{{ $var.none.at.all }}{{ nobody.x['y'] }}]": "[]",
    "{{ $var.o.items }} {{ $var['names'][1] }} {{ $var.names.0 }} {{ ('abc')[1:] }} {{ 'abcd'[1:2] }}": "own Rolf Aud bc bc",
    # printing
    "{{ true }}|{{ false }}|{{ null }}|{{ 1.0 }}|{{ 1.5 }}|{{ $var.names }}": "1|||1|1.5|Array",
    # operators
    "{{ 7 // 2 }} {{ 7 % 3 }} {{ 2 ** 10 }} {{ 10 / 4 }} {{ 4 / 2 }} {{ -$var.n + 1 }} {{ '3' * 2 }}": "3 1 1024 2.5 2 -1 6",
    "{{ 1 + 1 ~ 1 }}{{ 'a' ~ 1.5 ~ null ~ true ~ 'z' }}": "12a1.51z",
    "{{ 1 < 2 and not (2 > 3) ? 'y' : 'n' }}{{ false or null ? 1 : 2 }}{{ true xor true ? 1 : 2 }}": "y22",
    "{{ 'b' in 'abc' }}{{ 3 not in [1, 2] }}{{ 'k' in {x: 'k'} }}{{ '1' == 1 }}{{ 'a' starts with 'a' }}": "11111",
    "{{ 'foo' matches '/^f/' }}{{ 'foo' ends with 'o' }}{{ 2 <=> 1 }}{{ [1, 3] has some v => v > 2 }}": "1111",
    "{{ (1..3)|join }} {{ ('a'..'c')|join }} {{ (3..1)|join }}": "123 abc 321",
    "{{ nobody ?? 'd' }}{{ $var.z ?? 0 }}{{ $var.no ?? 'n' }}{{ '' ?: 'e' }}{{ 5 ?: 1 }}{{ true ? 't' }}": "d0e5t",
    "{{ $var.n ?? (1 / 0) }}{{ $var.n ?: 1 / 0 }}": "22",
    # tests
    "{{ $var.n is defined }}{{ nobody is not defined }}{{ $var.z is null }}{{ [] is empty }}{{ 0 is not empty }}": "11111",
    "{{ 4 is even }}{{ 3 is odd }}{{ 9 is divisible by(3) }}{{ 9 is divisible by 3 }}{{ 1 is same as(1) }}": "11111",
    "{{ [] is iterable }}{{ {a: 1} is mapping }}{{ [1] is sequence }}{{ 'x' is iterable ? 1 : 0 }}": "1110",
    # literals
    "{{ {a: 1, 'b-c': 2, (1 + 1): 3}|keys|join(',') }} {{ [1, ...[2, 3]]|join }} {{ {...{a: 1}, b: 2}|length }}": "a,b-c,2 123 2",
    "{{ \"x#{$var.n + 1}y\\n\" }}{{ 'a\\nb' }}": "x3y\na\\nb",
    # tags
    "{% if $var.no %}a{% elseif $var.n == 2 %}b{% else %}c{% endif %}": "b",
    "{% for n in $var.names %}{{ loop.index }}/{{ loop.length }}:{{ n }}{{ loop.last ? '.' : ',' }}{% endfor %}": "1/2:Aud,2/2:Rolf.",
    "{% for k, v in $var.o %}{{ k }};{% endfor %}{% for x in [] %}x{% else %}none{% endfor %}": "a;b;items;none",
    "{% for x in 1..5 if x % 2 %}{{ x }}{% endfor %}": "135",
    "{% for a in 1..2 %}{% for b in 1..2 %}{{ loop.parent.loop.index }}{{ loop.index }} {% endfor %}{% endfor %}": "11 12 21 22 ",
    "{% set t = 0 %}{% set new = 1 %}{% for x in 1..3 %}{% set t = t + x %}{% set inner = x %}{% endfor %}{{ t }}{{ inner }}": "6",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c %}<{{ a }}>{% endset %}{{ c }}{% do 1 + 1 %}": "12<1>",
    "{% with {q: 1} %}{{ q }}{{ $n }}{% endwith %}[{{ q }}]{% with {q: 2} only %}{{ q }}{% endwith %}": "12[]2",
    "{% apply upper|trim %} ab {{ 'c' }} {% endapply %}": "AB C",
    "{% block title %}T{{ 1 }}{% endblock %}{% spaceless %}<b> <i>x</i> </b>{% endspaceless %}": "T1<b><i>x</i></b>",
    "{% autoescape %}{{ '<' }}{{ '<'|raw }}{% endautoescape %}{{ '<' }}{% autoescape 'js' %}{{ '/' }}{% endautoescape %}": "&lt;<<\\/",
    "{% macro f(a, b = 'z') %}[{{ a }}{{ b }}]{% endmacro %}{{ _self.f(1) }}{{ _self.f(b: 2, a: 1) }}": "[1z][12]",
    "{% macro f(a) %}{{ a }}{% endmacro %}{% import _self as m %}{{ m.f(1) }}{% from _self import f as g %}{{ g(2) }}": "12",
    "{% verbatim %}{{ x }}{% endverbatim %}{# gone #}": "{{ x }}",
    "a\n{% if true %}\n  b\n{% endif %}\nc\n": "a\n  b\nc\n",
    "a  {{- 'x' -}}  b|a \n {%~ if true ~%} b{% endif %}": "axb|a \nb",
    # filters
    "{{ $var.f|number_format(2) }} {{ 1234.567|number_format(1, ',', '.') }} {{ 2.5|round }} {{ 2.1|round(0, 'ceil') }}": "1,234.50 1.234,6 3 3",
    "{{ '2024-02-29'|date('d.m.Y') }} {{ 0|date('Y') }} {{ 'now'|date('Y-m-d H:i:s') }} {{ '2024-01-31'|date_modify('+1 day')|date('j') }}": "29.02.2024 1970 2023-11-14 22:13:20 1",
    "{{ date('2020-01-01') < date() ? 'past' }} {{ 'now'|date('H', 'Europe/Oslo') }}": "past 23",
    "{{ $var.rows|map(r => r.q * 2)|join('-') }} {{ $var.rows|filter(r => r.q > 2)|length }} {{ $var.rows|reduce((c, r) => c + r.q, 0) }}": "4-6 1 5",
    "{{ [3, 1, 2]|sort|join }} {{ [1, 3, 2]|sort((a, b) => b <=> a)|join }} {{ $var.rows|column('n')|join }}": "123 321 xy",
    "{{ {b: 1, a: 2}|sort|keys|join }} {{ {a: 1}|merge({b: 2})|keys|join }} {{ [1]|merge([2])|join }}": "ba ab 12",
    "{{ 'a b'|url_encode }} {{ {a: 'x y'}|url_encode }} {{ '<a href=\"x\">'|e }} {{ 'a b'|e('html_attr') }}": "a%20b a=x%20y &lt;a href=&quot;x&quot;&gt; a&#x20;b",
    "{{ 'hello world'|title }} {{ 'éA'|capitalize }} {{ ' x '|trim }} {{ 'xxaxx'|trim('x', 'left') }} {{ 'é'|length }}": "Hello World Éa x axx 1",
    "{{ 'a,b,c'|split(',', 2)|last }} {{ 'abc'|split('')|join('.') }} {{ 'abc'|reverse }} {{ [1, 2]|reverse|join }}": "b,c a.b.c cba 21",
    "{{ 'I like this'|replace({'this': 'that', 'I': 'We'}) }} {{ '%s-%03d'|format('a', 7) }} {{ 'a\nb'|nl2br }}": "We like that a-007 a<br />\nb",
    "{{ [1, 2, 3]|first }}{{ [1, 2, 3]|last }}{{ 'xyz'|first }} {{ [1, 2, 3]|slice(1)|join }} {{ [1,2,3]|batch(2, 0)|last|join }}": "13x 23 30",
    "{{ nobody|default('d') }}{{ 0|default('d') }}{{ ''|default('e') }} {{ '<b>x</b>'|striptags }} {{ [1, 2]|json_encode }}": "d0e x [1,2]",
    "{{ max(1, 5, 3) }}{{ min([4, 2]) }} {{ range(1, 10, 3)|join(',') }} {{ cycle(['a', 'b'], 3) }} {{ attribute({k: 1}, 'k') }}": "52 1,4,7,10 b 1",
    "{{ ['a', 'b', 'c']|join(', ', ' and ') }} {{ 'Straße x'|slug }} {{ [1, 2]|find(v => v > 1) }} {{ 5|abs }}": "a, b and c Strae-x 2 5",
    # filters of the language
    "{{ \"O'x\"|sql_esc }} {{ $var.names|count }} {{ 1700000000000|format_timestamp('Y', 'UTC') }} {{ 'a'|concat('b', '-') }}": "'O''x' 2 2023 a-b",
    "no template at all": "no template at all",
}


@pytest.mark.parametrize("template", MEANINGS)
def test_meaning(template: str) -> None:
    assert render(template) == MEANINGS[template]


MISTAKES = {
    "{{ x|bogus }}": "Unknown filter `bogus`",
    "{{ x|uper }}": "did you mean `upper`?",
    "{{ nope() }}": "Unknown function `nope`",
    "{{ x is nope }}": "Unknown test `nope`",
    "{% nope %}": "Unknown tag `nope`",
    "a\n\n{% if %}": "line 3",
    "{% for x in y %}": "`{% for %}` is not closed",
    "{% endif %}": "`endif` closes nothing here",
    "{% include 'x' %}": "needs another template",
    "{{ ": "line 1",
    "{{ 1 +": "line 1",
    "{{ $var.names.append(1) }}": "values have no methods",
    "{{ (1, 2) }}": "one value is needed",
    "{{ 1 / 0 }}": "Division by zero",
    "{{ 'x' * 2 }}": "Not numeric.",
    "{{ 'x'|e('nope') }}": "Invalid escaping strategy",
    "{{ _self.nope() }}": "no macro `nope`",
    "{{ 'x'|round(1, 2, 3, 4) }}": "Wrong arguments",
    "{{ 'x'|substr }}": "does not take 0 arguments",
    "{{ date('not a date') }}": "Unable to parse time",
    "{{ date() }}": "cannot be written",
    "{{ [1]|map }}": "Wrong arguments",
}


@pytest.mark.parametrize("template", MISTAKES)
def test_mistake(template: str) -> None:
    with pytest.raises(XanoScriptError) as raised:
        render(template)
    assert raised.value.catchable
    assert MISTAKES[template] in str(raised.value)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}{{ $var.__class__.__mro__ }}{{ $var.names.append }}{{ loop.__init__ }}",
        "{{ ''['__class__'] }}{{ attribute('', '__class__') }}{{ state }}{{ context }}{{ environment }}{{ self }}",
        "{{ _context.state }}{{ cycler }}{{ lipsum }}{{ $var.n.real }}{{ (x => x).__globals__ }}",
    ],
)
def test_nothing_of_python_can_be_reached(template: str) -> None:
    with contextlib.suppress(XanoScriptError):
        assert render(template) == ""


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in 1..2000 %}{% for b in 1..2000 %}{% endfor %}{% endfor %}",
        "{% set x = 'xxxxxxxxxx' %}{% for a in 1..40 %}{% set x = x ~ x %}{% endfor %}",
        "{% for a in 1..100000 %}{{ 'x' }}{% endfor %}",
        "{{ range(1, 100000000)|join }}",
        "{% macro f(n) %}{{ _self.f(n) }}{% endmacro %}{{ _self.f(1) }}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ 1" + " + 1" * 5000 + " }}",
        "{% if true %}" * 200 + "{% endif %}" * 200,
        "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
        "{{ 2 ** 2 ** 2 ** 2 ** 2 ** 2 }}{{ range(0, 9 ** 9)|length }}",
    ],
)
def test_limits_hold(template: str) -> None:
    with pytest.raises(LimitError):
        render(template, Limits(steps=1_000_000, size=50_000))


PIECES = [
    "{{", "}}", "{%", "%}", "{#", "#}", " ", "if", "for", "in", "endif", "endfor", "set", "=", "x", "$var", ".", "[",
    "]", "(", ")", "{", "}", "|", "join", "map", "=>", "?", ":", "??", "..", "+", "~", "1", "'a'", '"#{x}"', ",", "is",
    "not", "defined", "loop", "date", "-", "\n", "else", "macro", "_self", "text", "and", "**", "|e", "\\", "'", '"',
]  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join))
def test_any_text_gives_a_text_or_an_error_of_the_program(template: str) -> None:
    try:
        assert isinstance(render(template, Limits(steps=100_000, size=100_000)), str)
    except XanoScriptError as error:
        assert "internal error" not in str(error)


def test_a_template_is_part_of_its_program() -> None:
    source = """
    var $name { value = "Ann" }
    try_catch {
      try { util.template_engine { value = "{{ x|bogus }}" } as $text }
      catch { var $message { value = $error.message } }
    }
    util.template_engine { value = "{% for i in 1..3 %}{{ $name }}{{ i }} {% endfor %}"|trim } as $text
    """
    result = xsrun.Workspace.from_sources({"x.xs": source}).run()
    assert result.error is None
    assert result.variables["message"] == "Template error on line 1: Unknown filter `bogus`"
    assert result.variables["text"] == "Ann1 Ann2 Ann3 "
