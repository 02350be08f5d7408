# The identity with which Parity works in AWS, with the rights of policy.json and no other: a role that your workers
# take, or a policy to attach to an identity that you have.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "name" {
  description = "Name of the role and of its policy."
  type        = string
  default     = "parity"
}

variable "trust_policy" {
  description = "Who may take the role, as JSON: the OIDC provider of a cluster, an instance's service. Empty: no role."
  type        = string
  default     = ""
}

variable "principal" {
  description = "Without trust_policy: the identity that gets the policy, as role/NAME or user/NAME."
  type        = string
  default     = ""
}

variable "glue_jobs" {
  description = "Names of the legacy Glue jobs, as a pattern."
  type        = string
  default     = "*"
}

variable "database" {
  description = "Glue database of the legacy tables: aws.database of the suites."
  type        = string
}

variable "workgroup" {
  description = "Athena workgroup: aws.workgroup of the suites."
  type        = string
}

variable "data_bucket" {
  description = "Bucket with the legacy tables' files."
  type        = string
}

variable "data_prefix" {
  description = "What the keys of these files begin with, with its last slash; empty: the whole bucket."
  type        = string
  default     = ""
}

variable "exchange_bucket" {
  description = "Bucket into which Athena unloads, of PARITY_EXCHANGE_S3."
  type        = string
}

variable "exchange_prefix" {
  description = "Folder of PARITY_EXCHANGE_S3 in that bucket, without slashes at its ends."
  type        = string
  default     = "parity"
}

variable "results_prefix" {
  description = "Folder of the workgroup's own results in that bucket, without slashes at its ends."
  type        = string
  default     = "athena-results"
}

data "aws_caller_identity" "here" {}

data "aws_region" "here" {}

locals {
  policy = templatefile("${path.module}/policy.json", {
    region          = data.aws_region.here.name
    account         = data.aws_caller_identity.here.account_id
    principal       = var.trust_policy == "" ? var.principal : "role/${var.name}"
    glue_jobs       = var.glue_jobs
    database        = var.database
    workgroup       = var.workgroup
    data_bucket     = var.data_bucket
    data_prefix     = var.data_prefix
    exchange_bucket = var.exchange_bucket
    exchange_prefix = var.exchange_prefix
    results_prefix  = var.results_prefix
  })
}

resource "aws_iam_policy" "parity" {
  name   = var.name
  policy = local.policy
}

resource "aws_iam_role" "parity" {
  count              = var.trust_policy == "" ? 0 : 1
  name               = var.name
  assume_role_policy = var.trust_policy
}

resource "aws_iam_role_policy_attachment" "parity" {
  count      = length(aws_iam_role.parity)
  role       = aws_iam_role.parity[0].name
  policy_arn = aws_iam_policy.parity.arn
}

output "policy_arn" {
  value = aws_iam_policy.parity.arn
}

output "role_arn" {
  description = "For the AWS connection's extra role_arn, or a service account's annotation."
  value       = one(aws_iam_role.parity[*].arn)
}
