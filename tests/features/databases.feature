Feature: A database administrator verifies a migrated MySQL database

  Background:
    Given the ledger on the legacy server and its copy on the target

  Scenario: An exact copy
    When I compare both databases
    Then the verdict is PASS
    And every table was compared in full
    And no line of the cut-over list differs

  Scenario: One cent is lost
    When the target loses one cent of entry 7
    And I compare both databases
    Then the verdict is FAIL
    And table entries has 1 changed, 0 missing and 0 extra rows
    And the difference is in column amount

  Scenario: A row never arrived, and one came from nowhere
    When the target loses entry 3
    And the target gains entry 900
    And I compare both databases
    Then table entries has 0 changed, 1 missing and 1 extra rows

  Scenario: An index was forgotten
    When the target forgets the index of entries
    And I compare both databases
    Then the verdict is FAIL
    And the schema says that index entries.by_memo is missing

  Scenario: A known difference passes until its ticket expires
    Given a waiver for 2 rows of column amount that expires on 2026-03-01
    When the target loses one cent of entry 7
    And I compare both databases
    Then the verdict is WAIVED
    When a day passes
    And I compare both databases
    Then the verdict is FAIL

  Scenario: A waiver covers no more rows than it says
    Given a waiver for 2 rows of column amount that expires on 2026-12-31
    When the target loses one cent of entry 7
    And the target loses one cent of entry 8
    And the target loses one cent of entry 9
    And I compare both databases
    Then the verdict is FAIL

  Scenario: A forgotten index is known
    Given a waiver for the schema of entries
    When the target forgets the index of entries
    And I compare both databases
    Then the verdict is WAIVED

  Scenario: What is lost is told in money
    Given the rule that amount is money in EUR
    When the target loses one cent of entry 7
    And the target loses one cent of entry 8
    And I compare both databases
    Then 0.02 EUR are missing in column amount

  Scenario: A name never leaves the worker in clear
    Given the rule that memo is sensitive
    When the target changes the memo of entry 7 to "paid by Ada Lovelace"
    And I compare both databases
    Then table entries has 1 changed, 0 missing and 0 extra rows
    And the result says nowhere "Ada Lovelace"

  Scenario: A tolerance lets a cent pass, and two do not
    Given the rule that amount may be off by 0.01
    When the target loses one cent of entry 7
    And I compare both databases
    Then the verdict is PASS
    When the target loses one cent of entry 7
    And I compare both databases
    Then the verdict is FAIL

  Scenario: The target would hand out a key that exists
    When the target forgets to move its next merchant above the last
    And I compare both databases
    Then the cut-over list says that "auto-increment of merchants" differs

  Scenario: A table without a key lost one of two equal rows
    When both have a log of two equal lines
    And the target loses one line of the log
    And I compare both databases
    Then table log has 0 changed, 1 missing and 0 extra rows

  Scenario: A whole table was forgotten
    When the target forgets table merchants
    And I compare both databases
    Then the verdict is FAIL
    And table merchants has 0 changed, 2 missing and 0 extra rows
