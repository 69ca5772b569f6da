use serde_json::json;

use super::*;

/// An inventory of two hosts in `infra`, the first of which has these variables.
fn inventory(vars: &str) -> Inventory {
    let vars = vars.replace('\n', "\n        ");
    let text = format!(
        "infra:\n  hosts:\n    10.10.10.10:\n        {vars}\n    10.10.10.11: {{own: 2, far: '{{{{ own + 1 }}}}', base: 7}}\nrest: {{hosts: {{z.example.org: }}}}\n"
    );
    Inventory::parse("pigsty.yml", &text).unwrap_or_else(|error| panic!("{error}"))
}

fn effective(vars: &str) -> Effective {
    inventory(vars).effective("10.10.10.10", &Vars::default())
}

/// The value of `x`, or its problem.
fn x(vars: &str) -> Result<Value, String> {
    let effective = effective(vars);
    match effective.problems.get("x") {
        Some(why) => Err(why.clone()),
        None => Ok(effective.vars.get("x").cloned().unwrap_or_default()),
    }
}

fn evaluates(expression: &str, value: Value) {
    let quoted = expression.replace('\'', "''");
    assert_eq!(
        x(&format!("x: '{quoted}'\nbase: 3\nname: pig\nlist: [3, 1, 2]\nmap: {{a: 1, b: [x, y]}}")),
        Ok(value),
        "{expression}"
    );
}

fn refuses(expression: &str, why: &str) {
    let quoted = expression.replace('\'', "''");
    let told = x(&format!("x: '{quoted}'\nbase: 3\nlist: [3, 1, 2]\nmap: {{a: 1}}")).expect_err(expression);
    assert!(told.contains(why), "{expression}: {told}");
}

#[test]
fn one_expression_alone_keeps_its_type_and_several_become_text() {
    evaluates("{{ base + 1 }}", json!(4));
    evaluates("{{ base }}{{ base }}", json!("33"));
    evaluates(" {{ base }}", json!(" 3"));
    evaluates("{{ list }}", json!([3, 1, 2]));
    evaluates("{{ none }}", json!(null));
    evaluates("a{{ none }}b", json!("ab"));
    evaluates("{{ true }}-{{ map }}", json!("True-{'a': 1, 'b': ['x', 'y']}"));
    evaluates("{# only a comment #}", json!(null));
    evaluates("{% if base == 3 %}{{ base }}{% endif %}", json!(3));
    evaluates("{% for i in list %}{{ i }},{% endfor %}", json!("3,1,2,"));
    evaluates("{% set y = base * 2 %}{{ y }}", json!(6));
}

#[test]
fn line_ends_at_the_end_are_kept_for_text_only() {
    let value = x("x: |\n  {{ base }}\nbase: 3").unwrap();
    assert_eq!(value, json!(3));
    let value = x("x: |\n  port {{ base }}\n\nbase: 3").unwrap();
    assert_eq!(value, json!("port 3\n"));
}

#[test]
fn what_is_written_is_evaluated_only_where_it_is_asked_for() {
    let effective = effective("cfg: {good: 1, bad: '{{ nope }}'}\nx: '{{ cfg.good }}'\ny: '{{ cfg }}'");
    assert_eq!(effective.vars.get("x"), Some(&json!(1)));
    assert_eq!(effective.problems.keys().collect::<Vec<_>>(), ["cfg", "y"]);
    let unused = "is the expression {{ nope }} (pigsty.yml:4), and nope is not defined";
    assert_eq!(effective.problems["cfg"], unused);
    assert_eq!(effective.vars.get("cfg"), Some(&json!({"good": 1, "bad": "{{ nope }}"})));
}

#[test]
fn a_default_replaces_what_is_not_defined_and_not_what_went_wrong() {
    for expression in [
        "{{ nope | default(5) }}",
        "{{ nope.a.b[0] | default(5) }}",
        "{{ map.nope | default(5) }}",
        "{{ nope | upper | default(5) }}",
        "{{ '' | default(5, true) }}",
        "{{ [] | first | default(5) }}",
    ] {
        evaluates(expression, json!(5));
    }
    assert_eq!(x("x: '{{ far | default(5) }}'\nfar: '{{ nope + 1 }}'"), Ok(json!(5)));
    refuses("{{ (1 / 0) | default(5) }}", "it divides by zero");
    refuses("{{ (nope + 1) | default(5) }}", "nope is not defined");
    refuses("{{ nope == 1 }}", "nope is not defined");
    refuses("{{ 'a' ~ nope }}", "nope is not defined");
    refuses("{{ [nope] }}", "nope is not defined");
}

#[test]
fn what_python_refuses_is_refused() {
    for expression in [
        "{{ '10' > 9 }}",
        "{{ 'a' + 1 }}",
        "{{ [1] + 'a' }}",
        "{{ ['a', 1] | sort }}",
        "{{ 1 in 5 }}",
        "{{ 5 | length }}",
        "{{ -'a' }}",
        "{{ map.keys }}",
        "{{ 'x' | from_json }}",
    ] {
        refuses(expression, ", and ");
    }
}

#[test]
fn other_hosts_are_seen_in_their_own_context() {
    evaluates("{{ hostvars['10.10.10.11'].far }}", json!(3));
    evaluates("{{ hostvars['10.10.10.11']['base'] }}", json!(7));
    evaluates("{{ groups.infra | map('extract', hostvars, 'base') | list }}", json!([3, 7]));
    evaluates("{{ groups['rest'] + group_names }}", json!(["z.example.org", "infra"]));
    evaluates("{{ hostvars['nobody'].x | default('-') }}", json!("-"));
    evaluates(
        "{{ inventory_hostname }} {{ hostvars['z.example.org'].inventory_hostname_short }}",
        json!("10.10.10.10 z"),
    );
}

#[test]
fn role_defaults_hold_on_the_host_itself_only() {
    let mut under = Vars::default();
    for (name, value) in [("given", json!(5)), ("twice", json!("{{ given * 2 }}"))] {
        under.set(name, Variable { value, place: None, scope: "role default".into() });
    }
    let inventory = inventory("x: '{{ twice }}'\ny: \"{{ hostvars['10.10.10.11'].given | default('-') }}\"");
    let effective = inventory.effective("10.10.10.10", &under);
    assert_eq!(effective.vars.get("x"), Some(&json!(10)));
    assert_eq!(effective.vars.get("y"), Some(&json!("-")));
}

#[test]
fn what_only_a_running_play_knows_is_refused_even_with_a_default() {
    for name in ["ansible_default_ipv4.address", "ansible_facts", "playbook_dir", "ansible_version.full"] {
        refuses(
            &format!("{{{{ {name} | default('-') }}}}"),
            "is known to a running play only: facts are not gathered here",
        );
    }
    evaluates("{{ ansible_host }}", json!("10.10.10.10"));
}

#[test]
fn circles_and_endless_growth_end_in_a_problem() {
    assert!(x("x: '{{ y }}'\ny: '{{ x }}'").unwrap_err().ends_with("and it needs itself"));
    assert_eq!(x("x: {a: '{{ x.b }}', b: 1}"), Ok(json!({"a": 1, "b": 1})));
    let mut doubled = "x0: xxxxxxxxxxxxxxxx\n".to_owned();
    for level in 1..40 {
        doubled.extend([format!("x{level}: '{{{{ x{0} }}}}{{{{ x{0} }}}}'\n", level - 1)]);
    }
    assert!(x(&(doubled + "x: '{{ x39 }}'")).unwrap_err().contains("it makes a text of more than 1 MiB"));
    let mut nested = "x0: [1]\n".to_owned();
    for level in 1..40 {
        nested.extend([format!("x{level}: ['{{{{ x{0} }}}}', '{{{{ x{0} }}}}']\n", level - 1)]);
    }
    assert!(x(&(nested + "x: '{{ x39 }}'")).unwrap_err().contains("steps"));
    refuses("{{ range(1000000000) | list }}", "more than");
    refuses("{{ 'x' * 1000000000 }}", "too often");
    refuses("{{ 10 ** 10 ** 10 }}", "too large");
    refuses("{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}", "steps");
}

#[test]
fn a_long_chain_and_a_deep_nest_end_in_a_problem_and_not_in_a_crash() {
    let mut chain = "x: '{{ x999 }}'\nx0: 1\n".to_owned();
    for level in 1..1000 {
        chain.extend([format!("x{level}: '{{{{ x{} }}}}'\n", level - 1)]);
    }
    assert!(x(&chain).unwrap_err().contains("nested deeper than"));
    refuses(&format!("{{{{ {}1{} }}}}", "(".repeat(400), ")".repeat(400)), "cannot be read");
    refuses(&format!("{{{{ {}1{} }}}}", "[".repeat(140), "]".repeat(140)), "");
    refuses(&format!("{{{{ 1{} }}}}", "+1".repeat(2000)), "nested deeper than");
    refuses(&format!("{{{{ base{} }}}}", "|d".repeat(2000)), "nested deeper than");
    refuses(&format!("{{{{ {}1 }}}}", "-".repeat(190)), "nested deeper than");
    refuses(&"{% if base %}".repeat(190), "cannot be read");
    refuses(&format!("{}{{% endif %}}", "{% if nope is defined %}{% elif base == 0 %}".repeat(90)), "cannot be read");
}

#[test]
fn secrets_and_programs_are_refused_by_name() {
    refuses("{{ lookup('pipe', 'id') }}", "the lookup `pipe` is not carried out here");
    refuses("{{ lookup('password', '/tmp/x') }}", "the lookup `password` is not carried out here");
    refuses("{{ 'x' | password_hash }}", "the filter `password_hash` is not known here");
    refuses("{{ '10.0.0.1' | ansible.utils.ipaddr }}", "the filter `ansible.utils.ipaddr` is not known here");
    refuses("{{ 'x' is file }}", "the test `file` is not known here");
    refuses("{{ now() }}", "the function now is not known here");
    refuses("{{ omit }}", "it is `omit`");
}

#[test]
fn files_and_the_environment_are_looked_up() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    std::fs::write(folder.path().join("files/port"), "3001\n").unwrap();
    let path = folder.path().join("pigsty.yml");
    let text = "infra: {hosts: {h: {x: \"{{ lookup('file', 'port') | int }}\", y: \"{{ lookup('env', 'PATH') }}\", z: \"{{ query('vars', 'x') }}\", w: \"{{ lookup('file', 'nope') }}\"}}}";
    std::fs::write(&path, text).unwrap();
    let effective = Inventory::read(&path).unwrap().effective("h", &Vars::default());
    assert_eq!(effective.vars.get("x"), Some(&json!(3001)));
    assert_eq!(effective.vars.get("y"), Some(&json!(std::env::var("PATH").unwrap_or_default())));
    assert_eq!(effective.vars.get("z"), Some(&json!([3001])));
    assert!(effective.problems["w"].contains("there is no file nope beside the inventory"));
}

#[test]
fn regular_expressions_are_those_of_python() {
    evaluates(r"{{ 'a-b' | regex_replace('(\w)-(?P<z>\w)', '\g<z>-\1') }}", json!("b-a"));
    evaluates("{{ 'abc' | regex_replace('.*', 'x') }}", json!("xx"));
    evaluates("{{ 'abxd' | regex_replace('x*', '-') }}", json!("-a-b--d-"));
    evaluates(r"{{ 'v4.5' | regex_search('v(\d+)\.(\d+)', '\1', '\2') }}", json!(["4", "5"]));
    evaluates("{{ 'v4.5' | regex_search('x') }}", json!(null));
    evaluates("{{ 'a1b22' | regex_findall('[0-9]+') }}", json!(["1", "22"]));
    evaluates("{{ 'pig' is match('ig') }}{{ 'pig' is search('ig') }}", json!("FalseTrue"));
    refuses("{{ 'ab' | regex_replace('a(?=b)', 'x') }}", "looks around or back");
    refuses(r"{{ 'aa' is match('(a)\1') }}", "a reference to a group");
}

#[test]
fn a_key_that_may_be_a_number_is_not_guessed_at() {
    let vars = "x: '{{ ports[80] }}'\nports: {80: a, 'b': c}\n";
    assert!(x(vars).unwrap_err().contains("the key 80 may be text or not"));
    assert_eq!(x(&vars.replace("ports[80]", "ports.b")), Ok(json!("c")));
}

#[test]
fn locked_text_is_a_problem_of_what_needs_it_and_unsafe_text_is_text() {
    let vars = "secret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nx: '{{ secret }}'";
    assert!(x(vars).unwrap_err().contains("and it needs a value that is locked with ansible-vault, and it is damaged"));
    assert!(effective(vars).problems["secret"].starts_with("is locked with ansible-vault (pigsty.yml:4)"));
    let mut inventory = inventory("x: 1\ny: '{{ plain }}!'");
    let value = json!({"__ansible_unsafe": "{{ nope }}"});
    inventory.set("plain", Variable { value, place: None, scope: "option -e".into() });
    let effective = inventory.effective("10.10.10.10", &Vars::default());
    assert_eq!(effective.vars.get("plain"), Some(&json!("{{ nope }}")));
    assert_eq!(effective.vars.get("y"), Some(&json!("{{ nope }}!")));
}
