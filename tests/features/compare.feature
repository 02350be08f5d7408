Feature: Compare two files from the command line
  An engineer compares what the old platform wrote with what the new one wrote,
  and a script relies on the exit status and the JSON.

  Scenario: Equal files
    Given payments of 100 rows on both sides
    When I compare them by payment_id
    Then the exit status is 0
    And the verdict is PASS
    And every planted corruption was found

  Scenario: A changed, a missing and an extra row
    Given payments of 100 rows on both sides
    And the target changed 1 row, lost 1 and gained 1
    When I compare them by payment_id
    Then the exit status is 1
    And the verdict is FAIL
    And 98 rows are equal, 1 changed, 1 missing and 1 extra

  Scenario: Rules from a file
    Given payments of 100 rows on both sides
    And the target changed 1 row by a cent
    And a file of rules that tolerates a cent in amount
    When I compare them by payment_id
    Then the exit status is 0
    And the rule let 1 row through

  Scenario: A truncated file
    Given payments of 100 rows on both sides
    And the target file is cut short
    When I compare them by payment_id
    Then the exit status is 2
    And the verdict is INVALID

  Scenario Outline: Bad input is one clear line
    Given payments of 100 rows on both sides
    When I compare them with <options>
    Then the exit status is 2
    And standard error is one line with <words>

    Examples:
      | options                     | words              |
      | --key payment_ib            | Did you mean       |
      | --key payment_id --memory x | is not a size      |
      | --columns nowhere.yaml      | cannot be read     |
      | --columns wrong.yaml        | trimm              |

  Scenario: A page to read
    Given payments of 100 rows on both sides
    And the target changed 1 row to a script element
    When I compare them with --key payment_id --html report.html
    Then the exit status is 1
    And the page shows the script element as text
    And the page asks for nothing from elsewhere

  Scenario: Interrupted
    Given payments of 400000 rows on both sides
    When I interrupt the comparison as soon as it has scratch
    Then no scratch is left
